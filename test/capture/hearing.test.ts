import assert from "node:assert/strict";
import { test } from "node:test";
import { Hearing } from "../../src/capture/hearing.ts";
import type { HearingChange } from "../../src/capture/hearing.ts";

/** Speaks without being understood; gives what changed, and when, in seconds. */
function fail(hearing: Hearing, fromMs: number, toMs: number): [HearingChange, number][] {
  const changes: [HearingChange, number][] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 20) {
    hearing.failed(nowMs);
    const change = hearing.change(nowMs);
    if (change !== undefined) changes.push([change, nowMs / 1_000]);
  }
  return changes;
}

test("who speaks for ten seconds and cannot be opened is unheard, told once", () => {
  const hearing = new Hearing();
  assert.deepEqual(fail(hearing, 5_000, 60_000), [["unheard", 15]]);
  assert.equal(hearing.failingSinceMs, 5_000);
});

test("they are heard again with the first packet that opens, and may be unheard anew", () => {
  const hearing = new Hearing();
  fail(hearing, 0, 11_000);
  hearing.opened();
  assert.equal(hearing.change(11_000), "heard-again");
  assert.equal(hearing.change(11_020), undefined);
  assert.deepEqual(fail(hearing, 20_000, 40_000), [["unheard", 30]]);
});

test("an alarm that outlived its thread ends when something opens", () => {
  const hearing = new Hearing();
  hearing.goOnUnheard();
  assert.deepEqual(fail(hearing, 0, 30_000), [], "it has been told");
  hearing.opened();
  assert.equal(hearing.change(30_000), "heard-again");
});

test("one packet that opens in ten seconds is enough for no alarm", () => {
  const hearing = new Hearing();
  assert.deepEqual(fail(hearing, 0, 9_900), []);
  hearing.opened();
  assert.deepEqual(fail(hearing, 9_900, 19_800), []);
});

test("stray packets alarm nobody, nor does somebody who has fallen silent", () => {
  const hearing = new Hearing();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
    hearing.failed(nowMs);
    assert.equal(hearing.change(nowMs), undefined);
  }
  const silent = new Hearing();
  fail(silent, 0, 4_000);
  assert.equal(silent.change(12_000), undefined);
});
