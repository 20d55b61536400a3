import assert from "node:assert/strict";
import { test } from "node:test";
import { diskLevel } from "../../src/recordings/disk-space.ts";
import type { DiskLevel } from "../../src/recordings/disk-space.ts";

const RESERVE = 512;

test("people are warned at twice the reserve, recordings end at a quarter of it", () => {
  const levels = [2_000, 1_024, 1_023, 512, 128, 127, 0].map((free) => diskLevel(free, RESERVE));
  assert.deepEqual(levels, ["enough", "enough", "low", "low", "low", "out", "out"]);
});

test("a disk that hovers at the limit is low once, until there is clearly more", () => {
  const levels: DiskLevel[] = [];
  for (const free of [1_100, 1_023, 1_030, 1_020, 1_279, 1_280, 1_024])
    levels.push(diskLevel(free, RESERVE, levels.at(-1)));
  assert.deepEqual(levels, ["enough", "low", "low", "low", "low", "enough", "enough"]);
});

test("without a reserve the disk may be used up", () => {
  assert.equal(diskLevel(0, 0), "enough");
});
