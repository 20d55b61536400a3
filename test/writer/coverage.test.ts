import assert from "node:assert/strict";
import { test } from "node:test";
import { Coverage } from "../../src/writer/coverage.ts";

test("each covered sample is counted once, whatever the order, the overlaps and the cut", () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed % below;
  };
  for (let run = 0; run < 200; run++) {
    const coverage = new Coverage();
    const samples = new Set<number>();
    for (let step = 0; step < 30; step++) {
      const start = random(200);
      const end = start + 1 + random(20);
      coverage.add(start, end);
      for (let at = start; at < end; at++) samples.add(at);
      if (step % 10 === 9) {
        const length = random(220);
        coverage.cut(length);
        for (const at of samples) if (at >= length) samples.delete(at);
      }
      assert.equal(coverage.coveredSamples, samples.size);
    }
  }
});

test("its memory is bounded: a gap older than the newest 256 is forgotten", () => {
  const coverage = new Coverage();
  for (let block = 0; block < 300; block++) coverage.add(block * 10 + 5, block * 10 + 10);
  assert.equal(coverage.coveredSamples, 1_500);
  coverage.add(2_990, 2_995);
  assert.equal(coverage.coveredSamples, 1_505);
  coverage.add(0, 5);
  assert.equal(coverage.coveredSamples, 1_505);
});
