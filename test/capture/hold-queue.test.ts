import assert from "node:assert/strict";
import { test } from "node:test";
import { HoldQueue } from "../../src/capture/hold-queue.ts";

function queueOf(limits?: { ms: number; bytes: number }): {
  queue: HoldQueue<string, number>;
  expired: number[];
} {
  const expired: number[] = [];
  const queue = new HoldQueue<string, number>(
    (_key, item) => void expired.push(item),
    (item) => item,
    limits,
  );
  return { queue, expired };
}

test("what came out of order is offered in order", () => {
  const { queue } = queueOf();
  for (const item of [3, 1, 2, 5, 4]) queue.add("anna", item, 100, 0, false);
  const offered: number[] = [];
  queue.retry("anna", (item) => (offered.push(item), "opened"), 100);
  assert.deepEqual(offered, [1, 2, 3, 4, 5]);
});

test("what opens at a retry leaves in order, the rest stays", () => {
  const { queue, expired } = queueOf();
  for (let item = 0; item < 10; item++) queue.add("anna", item, 100, 0, false);
  const opened: number[] = [];
  queue.retry("anna", (item) => (item % 2 === 0 ? (opened.push(item), "opened") : "locked"), 100);
  assert.deepEqual(opened, [0, 2, 4, 6, 8]);
  assert.equal(queue.length, 5);
  queue.unlock();
  queue.retry("anna", (item) => (opened.push(item), "opened"), 100);
  assert.deepEqual(opened.slice(5), [1, 3, 5, 7, 9]);
  assert.equal(queue.length, 0);
  assert.equal(queue.sizeBytes, 0);
  assert.deepEqual(expired, []);
});

test("an entry expires once its time is over, and not before", () => {
  const { queue, expired } = queueOf({ ms: 1_000, bytes: 1_000_000 });
  queue.add("anna", 1, 10, 0, false);
  queue.add("ben", 2, 10, 500, false);
  queue.prune(999);
  assert.deepEqual(expired, []);
  queue.prune(1_000);
  assert.deepEqual(expired, [1]);
  queue.prune(1_500);
  assert.deepEqual(expired, [1, 2]);
  assert.equal(queue.length, 0);
});

test("the bytes held never pass the bound: the oldest make room, and each is told once", () => {
  const { queue, expired } = queueOf({ ms: 1e9, bytes: 50_000 });
  for (let item = 0; item < 1_000; item++) {
    queue.add(item % 3 === 0 ? "anna" : "ben", item, 300, item, false);
    assert.ok(queue.sizeBytes <= 50_000);
  }
  assert.equal(queue.length + expired.length, 1_000);
  assert.equal(new Set(expired).size, expired.length);
  assert.ok(Math.max(...expired) < 950, "the newest stay");
});

test("a retry keeps to its budget, and the next one goes on where it stopped, oldest first", () => {
  const { queue } = queueOf();
  for (let item = 0; item < 5_000; item++) queue.add("anna", item, 10, 0, false);
  const tried: number[] = [];
  assert.equal(
    queue.retry("anna", (item) => (tried.push(item), "locked"), 200),
    0,
  );
  assert.deepEqual([tried.length, tried.at(-1)], [200, 199]);
  assert.equal(
    queue.retry("anna", (item) => (tried.push(item), "locked"), 4_801),
    1,
  );
  assert.deepEqual([tried.length, tried.at(-1)], [5_000, 4_999]);
  assert.equal(queue.length, 5_000);
});

test("what was tried in vain is not tried again before something has changed", () => {
  const { queue } = queueOf();
  const tried: number[] = [];
  const attempt = (item: number): "locked" => (tried.push(item), "locked");
  queue.add("anna", 1, 10, 0, true);
  queue.add("anna", 2, 10, 0, false);
  queue.add("ben", 3, 10, 0, true);
  assert.equal(queue.hasUntried("anna"), true);
  queue.retry("anna", attempt, 100);
  queue.retry("ben", attempt, 100);
  assert.deepEqual(tried, [2]);
  assert.equal(queue.hasUntried("anna"), false);
  queue.unlock("anna");
  queue.retry("anna", attempt, 100);
  queue.retry("ben", attempt, 100);
  assert.deepEqual(tried, [2, 1, 2]);
});

test("abandoning one sender leaves the others alone", () => {
  const { queue, expired } = queueOf();
  queue.add("anna", 1, 10, 0, false);
  queue.add("ben", 2, 10, 0, false);
  queue.abandon("anna");
  assert.deepEqual(expired, [1]);
  queue.abandon("ben");
  assert.deepEqual(expired, [1, 2]);
  assert.equal(queue.sizeBytes, 0);
});
