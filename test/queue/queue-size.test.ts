import assert from "node:assert/strict";
import { test } from "node:test";
import { queueBytes, queueSeconds, slotsForMemory } from "../../src/queue/queue-size.ts";

const GIB = 2 ** 30;

test("every machine's queue holds a disk stall of 10 s with 25 people; a larger machine's holds more", () => {
  for (const memory of [0.25, 0.5, 1, 2]) assert.equal(slotsForMemory(memory * GIB), 16_384);
  assert.deepEqual(
    [4, 8, 16, 64].map((memory) => slotsForMemory(memory * GIB)),
    [32_768, 65_536, 131_072, 131_072],
  );
  assert.ok(queueSeconds(16_384, 25) > 10);
});

test("beyond the smallest size a full queue takes a thirty-second of the memory at most", () => {
  for (let memory = 4; memory < 40; memory++)
    assert.ok(queueBytes(slotsForMemory(memory * GIB)) <= (memory * GIB) / 32);
});
