import assert from "node:assert/strict";
import { test } from "node:test";
import { ThreadDeaths } from "../../src/thread-deaths.ts";

test("so many deaths within a minute are tolerated, and not one more", () => {
  const deaths = new ThreadDeaths(2);
  assert.equal(deaths.any, false);
  assert.deepEqual(
    [0, 10_000, 59_999].map((atMs) => deaths.note(atMs)),
    [true, true, false],
  );
  assert.equal(deaths.any, true);
});

test("a death is forgotten after a minute, so that a thread may die now and then for ever", () => {
  const deaths = new ThreadDeaths(1);
  for (let atMs = 0; atMs < 600_000; atMs += 60_000) assert.ok(deaths.note(atMs), `at ${atMs} ms`);
  assert.equal(deaths.note(599_999), false);
});
