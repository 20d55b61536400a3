import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyWatch } from "../../src/capture/key-watch.ts";

/** Fails 50 times a second over a span, and tells when new keys would have been asked for. */
function fail(watch: KeyWatch, fromMs: number, toMs: number): number[] {
  const asked: number[] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 20) {
    watch.failed(nowMs);
    if (watch.shouldRecover(nowMs)) asked.push(nowMs);
  }
  return asked;
}

test("keys are asked for again only after five seconds without any success", () => {
  const watch = new KeyWatch();
  assert.deepEqual(fail(watch, 0, 4_900), []);
  watch.opened();
  assert.deepEqual(fail(watch, 4_900, 9_880), []);
  assert.deepEqual(fail(watch, 9_880, 9_920), [9_900]);
});

test("they are asked for at most three times a minute", () => {
  const watch = new KeyWatch();
  assert.equal(fail(watch, 0, 59_000).length, 3);
  assert.equal(fail(watch, 59_000, 70_000).length > 0, true);
});

test("nobody speaking is no reason to ask", () => {
  const watch = new KeyWatch();
  watch.failed(0);
  assert.equal(watch.shouldRecover(10_000), false);
});
