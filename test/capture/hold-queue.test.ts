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
  for (const item of [3, 1, 2, 5, 4]) queue.add("anna", item, 100, 0);
  const offered: number[] = [];
  queue.retry("anna", (item) => (offered.push(item), "opened"));
  assert.deepEqual(offered, [1, 2, 3, 4, 5]);
});

test("what opens at a retry leaves in order, the rest stays", () => {
  const { queue, expired } = queueOf();
  for (let item = 0; item < 10; item++) queue.add("anna", item, 100, 0);
  const opened: number[] = [];
  queue.retry("anna", (item) => (item % 2 === 0 ? (opened.push(item), "opened") : "locked"));
  assert.deepEqual(opened, [0, 2, 4, 6, 8]);
  assert.equal(queue.length, 5);
  queue.retry("anna", (item) => (opened.push(item), "opened"));
  assert.deepEqual(opened.slice(5), [1, 3, 5, 7, 9]);
  assert.equal(queue.length, 0);
  assert.equal(queue.sizeBytes, 0);
  assert.deepEqual(expired, []);
});

test("an entry expires once its time is over, and not before", () => {
  const { queue, expired } = queueOf({ ms: 1_000, bytes: 1_000_000 });
  queue.add("anna", 1, 10, 0);
  queue.add("ben", 2, 10, 500);
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
    queue.add(item % 3 === 0 ? "anna" : "ben", item, 300, item);
    assert.ok(queue.sizeBytes <= 50_000);
  }
  assert.equal(queue.length + expired.length, 1_000);
  assert.equal(new Set(expired).size, expired.length);
  assert.ok(Math.max(...expired) < 950, "the newest stay");
});

test("a retry of a long locked queue looks at a bounded number of entries, the newest among them", () => {
  const { queue } = queueOf();
  for (let item = 0; item < 5_000; item++) queue.add("anna", item, 10, 0);
  const tried: number[] = [];
  queue.retry("anna", (item) => (tried.push(item), "locked"));
  assert.ok(tried.length <= 200, `${tried.length} tried`);
  assert.equal(tried.at(-1), 4_999);
  assert.equal(queue.length, 5_000);
});

test("abandoning one sender leaves the others alone", () => {
  const { queue, expired } = queueOf();
  queue.add("anna", 1, 10, 0);
  queue.add("ben", 2, 10, 0);
  queue.abandon("anna");
  assert.deepEqual(expired, [1]);
  queue.clear();
  assert.deepEqual(expired, [1, 2]);
  assert.equal(queue.sizeBytes, 0);
});
