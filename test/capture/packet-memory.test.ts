import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketMemory } from "../../src/capture/packet-memory.ts";

/** Bytes that tell the packet and the place within it. */
function packetOf(sequence: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (sequence * 31 + at) & 0xff));
}

test("the last 128 packets are remembered as they were, however often the memory went round", () => {
  const memory = new PacketMemory();
  for (let sequence = 0; sequence < 1_000; sequence++) {
    const packet = packetOf(sequence, 60 + (sequence % 150));
    memory.add(sequence, packet);
    // Theirs, not ours: what the caller does with its buffer afterwards changes nothing.
    packet.fill(0);
    for (let age = 0; age < 128 && age <= sequence; age++) {
      const earlier = sequence - age;
      assert.deepEqual(memory.get(earlier), packetOf(earlier, 60 + (earlier % 150)), `${sequence} − ${age}`);
    }
    assert.equal(memory.get(sequence - 128), undefined);
    assert.equal(memory.get(sequence + 1), undefined);
  }
});

test("of large packets fewer are remembered, and none is ever given back damaged", () => {
  const memory = new PacketMemory();
  for (let sequence = 0; sequence < 400; sequence++) {
    memory.add(sequence, packetOf(sequence, 1_275));
    for (let age = 0; age < 10 && age <= sequence; age++)
      assert.ok(memory.get(sequence - age), `${sequence} − ${age}`);
    for (let age = 0; age < 130; age++) {
      const earlier = memory.get(sequence - age);
      if (earlier !== undefined) assert.deepEqual(earlier, packetOf(sequence - age, 1_275));
    }
  }
});
