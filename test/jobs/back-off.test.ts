import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMs } from "../../src/jobs/back-off.ts";

test("each pause is four times the last one, up to an hour", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => pauseMs(failures, 5_000, () => 1));
  assert.deepEqual(longest, [5_000, 20_000, 80_000, 320_000, 1_280_000, 3_600_000, 3_600_000, 3_600_000]);
});

test("the upper half of a pause is left to chance", () => {
  assert.equal(
    pauseMs(1, 5_000, () => 0),
    2_500,
  );
  for (let time = 0; time < 100; time += 1) {
    const pause = pauseMs(2, 5_000);
    assert.ok(pause >= 10_000 && pause <= 20_000);
  }
});
