import assert from "node:assert/strict";
import { test } from "node:test";
import { StartGate } from "../../src/capture/start-gate.ts";
import type { MediaKeys } from "../../src/capture/media-keys.ts";

/** When a gate opens that is asked every 20 ms while the keys are as told. */
function opensAt(keysAt: (nowMs: number) => MediaKeys): number {
  const gate = new StartGate();
  for (let nowMs = 0; nowMs < 10_000; nowMs += 20) if (gate.opens(1_000 + nowMs, keysAt(nowMs))) return nowMs;
  return Infinity;
}

test("without end-to-end encryption the clock begins at once", () => {
  assert.equal(
    opensAt(() => "none"),
    0,
  );
});

test("in an encrypted call the clock waits for the keys, and for what the former ones locked", () => {
  assert.equal(
    opensAt((nowMs) => (nowMs < 400 ? "pending" : "settled")),
    660,
  );
});

test("keys that change again are waited for again", () => {
  assert.equal(
    opensAt((nowMs) => (nowMs < 100 || (nowMs >= 200 && nowMs < 500) ? "pending" : "settled")),
    760,
  );
});

test("where nobody hands out keys the clock begins after three seconds", () => {
  assert.equal(
    opensAt(() => "pending"),
    3_000,
  );
});
