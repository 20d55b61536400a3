import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyWatch } from "../../src/capture/key-watch.ts";
import type { KeyState } from "../../src/capture/key-watch.ts";

/** Fails 50 times a second over a span; gives what was done when, in seconds. */
function fail(watch: KeyWatch, fromMs: number, toMs: number, keys: KeyState = "settled"): string[] {
  const done: string[] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 20) {
    watch.failed(nowMs);
    const remedy = watch.remedy(nowMs, keys);
    if (remedy !== "none") done.push(`${remedy} at ${nowMs / 1_000}`);
  }
  return done;
}

test("keys are asked for again only after three seconds without any success", () => {
  const watch = new KeyWatch();
  assert.deepEqual(fail(watch, 0, 2_900), []);
  watch.opened();
  assert.deepEqual(fail(watch, 2_900, 5_880), []);
  assert.deepEqual(fail(watch, 5_880, 5_920), ["renew at 5.9"]);
});

test("asked for three times in a minute, then the call is joined anew, and not again for ten minutes", () => {
  const watch = new KeyWatch();
  const done = fail(watch, 0, 59_000);
  assert.deepEqual(
    done.map((what) => what.split(" ")[0]),
    ["renew", "renew", "renew", "rejoin"],
  );
  assert.ok(!fail(watch, 59_000, 600_000).some((what) => what.startsWith("rejoin")));
});

test("a change of keys under way is waited for, but not for ever", () => {
  const watch = new KeyWatch();
  assert.deepEqual(fail(watch, 0, 10_000, "changing"), []);
  assert.deepEqual(fail(watch, 10_000, 10_020, "changing"), ["renew at 10"]);
});

test("keys that were asked for and never came are a reason to join anew", () => {
  const watch = new KeyWatch();
  assert.deepEqual(fail(watch, 0, 10_020, "renewing"), ["rejoin at 10"]);
});

test("nobody speaking is no reason to ask", () => {
  const watch = new KeyWatch();
  watch.failed(0);
  assert.equal(watch.remedy(10_000, "settled"), "none");
});
