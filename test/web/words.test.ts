import assert from "node:assert/strict";
import { test } from "node:test";
import { dateInWords, durationForMachines, sizeInWords } from "../../src/web/words.ts";
import { durationInWords } from "../../src/recordings/time-words.ts";

test("durations are short where they are short and never decimal where they are long", () => {
  assert.equal(durationInWords(0), "0 s");
  assert.equal(durationInWords(960), "0.02 s");
  assert.equal(durationInWords(600_000), "12.5 s");
  assert.equal(durationInWords(60 * 48_000), "1 min 0 s");
  assert.equal(durationInWords(3_723 * 48_000), "1 h 2 min 3 s");
  assert.equal(durationForMachines(600_000), "PT12.500S");
});

test("sizes have three figures at most, and a unit that fits", () => {
  assert.equal(sizeInWords(0), "0 bytes");
  assert.equal(sizeInWords(999), "999 bytes");
  assert.equal(sizeInWords(1_000), "1 kB");
  assert.equal(sizeInWords(57_604_096), "57.6 MB");
  assert.equal(sizeInWords(4_300_000_000), "4.3 GB");
});

test("dates say their time zone", () => {
  assert.equal(dateInWords(Date.UTC(2026, 10, 21, 9, 35)), "21 November 2026 at 09:35 UTC");
});
