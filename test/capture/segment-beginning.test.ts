import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";
import { SILENCE, speech } from "./segment-bench.ts";
import { trackBench } from "./track-bench.ts";

const MS = 48;
/** 20 ms by its first byte, and more than a frame may be (RFC 6716 §3.2.1): nothing can be made of it. */
const TOO_LONG = Buffer.alloc(1_400, 0x78);

type Options = { readonly lost?: number; readonly silence?: boolean };

/** All of the speech, sent at 1 s; the first `packets` are delayed, and none overtakes another. */
function begun(delayMs: number, packets: number, { lost, silence = false }: Options = {}) {
  const bench = trackBench();
  const sender = bench.begin();
  const before = 50 * FRAME_SAMPLES;
  const until = packets * FRAME_SAMPLES;
  const arriving = speech.map((_packet, index) => {
    const late = Math.max(0, Math.min(delayMs * MS, until - index * FRAME_SAMPLES));
    return { index, arrival: before + index * FRAME_SAMPLES + late };
  });
  let now = 0;
  let soonest = Infinity;
  if (silence)
    for (let index = -5; index < 0; index++)
      sender.receive(index, before + index * FRAME_SAMPLES + delayMs * MS, SILENCE);
  for (const { index, arrival } of arriving) {
    for (; now + FRAME_SAMPLES <= arrival; now += FRAME_SAMPLES) bench.advance(now);
    if (index !== lost) sender.receive(index, arrival);
    soonest = Math.min(soonest, bench.writers.indexOf(1) < 0 ? Infinity : bench.writers.indexOf(1));
    if (index === packets - 1) assert.equal(soonest, before + delayMs * MS, "it was placed late at first");
  }
  bench.close(sender);
  return { ...bench, first: bench.writers.indexOf(1), before };
}

test("a beginning that was delayed is moved to its place when what follows shows it, sample by sample", () => {
  const { file: ideal } = begun(0, 0);
  for (const [delayMs, packets] of [
    [30, 20],
    [100, 30],
    [300, 40],
  ] as const) {
    const silence = delayMs === 100;
    const { file, counts, track } = begun(delayMs, packets, { silence });
    const differs = file.findIndex((sample, at) => sample !== ideal[at]);
    assert.equal(differs, -1, `${delayMs} ms for ${packets} packets: differs at ${differs}`);
    assert.equal(counts().written, speech.length + (silence ? 5 : 0), "each is counted once");
    assert.ok(balances(counts()) && counts().held === 0);
    assert.deepEqual(track.account.gaps.list(), []);
  }
});

test("however first words are delayed, each packet is counted once and nothing of them is missing", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  let retracted = 0;
  for (let round = 0; round < 40; round++) {
    const bench = trackBench();
    const sender = bench.begin();
    const until = random.below(60) * FRAME_SAMPLES;
    const delay = random.below(500 * MS);
    const jitter = 1 + random.below(20 * MS);
    let now = 0;
    let first = -1;
    let arrival = 0;
    for (let index = 0; index < speech.length; index++) {
      const sentAt = index * FRAME_SAMPLES;
      const late = Math.max(0, Math.min(delay, until - sentAt));
      arrival = Math.max(arrival, 50 * FRAME_SAMPLES + sentAt + late + random.below(jitter));
      for (; now + FRAME_SAMPLES <= arrival; now += FRAME_SAMPLES) bench.advance(now);
      sender.receive(index, arrival, index % 30 === 29 ? TOO_LONG : undefined);
      if (first < 0) first = bench.writers.indexOf(1);
    }
    bench.close(sender);
    const about = `seed ${seed}, round ${round}`;
    const begin = bench.writers.indexOf(1);
    if (begin < first) retracted++;
    const counts = bench.counts();
    assert.equal(counts.written, 97, about);
    assert.equal(counts.undecodable, 3, about);
    assert.ok(balances(counts) && counts.held === 0, about);
    const gaps = bench.track.account.gaps.list();
    const missing = gaps.reduce((sum, { missingSamples }) => sum + missingSamples, 0);
    // Where the anchor glides a packet is up to 5 ‰ shorter or longer.
    assert.ok(Math.abs(missing - 3 * FRAME_SAMPLES) <= 15, `${JSON.stringify(gaps)}; ${about}`);
    const end = bench.writers.lastIndexOf(1) + 1;
    const there = bench.writers.subarray(begin, end).reduce((sum, writer) => sum + writer, 0);
    assert.ok(there >= 97 * FRAME_SAMPLES - 500 * MS, `${there} samples; ${about}`);
  }
  assert.ok(retracted > 0, `seed ${seed}: some were placed again`);
});

test("first words in time stay where they are when what follows them stalls, and each is there once", () => {
  const bench = trackBench();
  const sender = bench.begin();
  const before = 50 * FRAME_SAMPLES;
  // In time; half a second of nothing, which drains slowly; the same again before all of it has come.
  const delayMs = (index: number): number =>
    index < 5 ? 10 : index < 17 ? 490 - 18 * (index - 5) : index < 37 ? 493 - 18 * (index - 17) : 431;
  let now = 0;
  for (let index = 0; index < 50; index++) {
    const arrival = before + index * FRAME_SAMPLES + delayMs(index) * MS;
    for (; now + FRAME_SAMPLES <= arrival; now += FRAME_SAMPLES) bench.advance(now);
    sender.receive(index, arrival);
  }
  const first = bench.writers.indexOf(1);
  assert.equal(first, before + 10 * MS);
  assert.ok(!bench.writers.subarray(first, first + 5 * FRAME_SAMPLES).includes(0));
  bench.close(sender);
  assert.equal(bench.writers.indexOf(1), first);
  const there = bench.writers.reduce((sum, writer) => sum + writer, 0);
  assert.ok(there <= 50 * FRAME_SAMPLES + 250, `${there} samples of ${50 * FRAME_SAMPLES}`);
  assert.equal(bench.counts().written, 50);
});

test("a beginning with a hole stays where it is; nothing is cut and the books balance", () => {
  const { first, before, counts } = begun(100, 30, { lost: 10 });
  assert.equal(first, before + 100 * MS);
  assert.equal(counts().written, speech.length - 1);
  assert.ok(balances(counts()));
});
