import assert from "node:assert/strict";
import { test } from "node:test";
import { RtpUnwrapper } from "../../src/audio/rtp-unwrap.ts";
import { SeededRandom, pickSeed } from "../capture/seeded-random.ts";

const FRAME = 960;

/** Feeds numbered packets; returns how often each verdict was given and the extended sequences of the new ones. */
function feed(unwrapper: RtpUnwrapper, packets: readonly (readonly [number, number])[]) {
  const told = { new: 0, duplicate: 0, ancient: 0 };
  const sequences: number[] = [];
  for (const [sequence, timestamp] of packets) {
    const verdict = unwrapper.accept(sequence & 0xffff, timestamp >>> 0);
    told[verdict]++;
    if (verdict === "new") sequences.push(unwrapper.sequence);
  }
  return { told, sequences };
}

function run(first: number, firstTimestamp: number, count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_none, at) => [first + at, firstTimestamp + at * FRAME] as const);
}

test("a sender that starts over behind its old numbers is followed from its second packet on", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (const behind of [2, 3, 5, 30, 500, 2_047, 2_048, 20_000]) {
    const first = random.below(0x1_0000);
    const timestamp = random.below(0x1_0000_0000);
    const unwrapper = new RtpUnwrapper();
    feed(unwrapper, run(first, timestamp, 3_000));
    // Anywhere but in the minute that is over.
    const another = timestamp + 0x1000_0000 + random.below(0xe000_0000);
    const { told, sequences } = feed(unwrapper, run(first + 3_000 - behind, another, 3_000));
    const about = `seed ${seed}, ${behind} behind: ${JSON.stringify(told)}`;
    assert.ok(told.ancient === 1 && told.duplicate === 0, about);
    assert.ok(
      sequences.every((sequence, at) => at === 0 || sequence === (sequences[at - 1] ?? 0) + 1),
      about,
    );
  }
});

test("a sender that starts over where numbers had been lost, or before its first ones, is followed too", () => {
  const holes = new RtpUnwrapper();
  const odd = run(1_000, 500_000, 400).filter((_packet, at) => at % 2 === 1);
  feed(holes, odd);
  // Its first numbers were never seen: only the timestamps tell.
  const again = run(1_100, 4_000_000_000, 500).filter((_packet, at) => at % 2 === 0);
  assert.equal(feed(holes, again).told.new, again.length - 1);

  for (const timestamp of [900_000_000, 3_000_000_000]) {
    const early = new RtpUnwrapper();
    feed(early, run(1_000, 500_000, 10));
    assert.equal(feed(early, run(900, timestamp, 500)).told.new, 499);
  }
});

test("what is repeated is a duplicate, however much of it and in whatever order", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const unwrapper = new RtpUnwrapper();
  const sent = run(65_000, 0xffff_ffff - 500 * FRAME, 1_500);
  const first = feed(unwrapper, sent);
  assert.deepEqual(first.told, { new: 1_500, duplicate: 0, ancient: 0 });
  const shuffled = sent.map((packet) => ({ packet, key: random.next() })).sort((a, b) => a.key - b.key);
  for (const repeated of [sent, shuffled.map(({ packet }) => packet)])
    assert.deepEqual(
      feed(unwrapper, repeated).told,
      { new: 0, duplicate: 1_500, ancient: 0 },
      `seed ${seed}`,
    );
});

test("reordered packets are new, once, across both wraps, pauses and jumps of the timestamp", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < 50; round++) {
    let timestamp = random.below(0x1_0000_0000);
    const first = random.below(0x1_0000);
    const sent: { packet: readonly [number, number]; at: number }[] = [];
    let jumpsBack = 0;
    for (let at = 0; at < 1_000; at++) {
      const jump = random.next();
      const jumpsOn = jump < 0.01;
      timestamp += FRAME + (jumpsOn ? random.below(480_000) : jump < 0.012 ? -random.below(10_000_000) : 0);
      if (!jumpsOn && jump < 0.012) jumpsBack++;
      // Up to 600 ms late.
      sent.push({ packet: [first + at, timestamp], at: at === 0 ? 0 : at + random.below(30) });
    }
    sent.sort((a, b) => a.at - b.at);
    const { told, sequences } = feed(
      new RtpUnwrapper(),
      sent.map(({ packet }) => packet),
    );
    assert.equal(told.duplicate, 0, `seed ${seed}, round ${round}`);
    assert.equal(new Set(sequences).size, told.new, `seed ${seed}, round ${round}`);
    // Around a timestamp that jumps back, packets out of order may look like strays: rarely, and 16 in a row at most.
    assert.ok(
      told.ancient < 16 * jumpsBack || told.ancient === 0,
      `seed ${seed}, round ${round}: ${JSON.stringify(told)}`,
    );
  }
});

test("packets of long ago that are sent again are not heard again, and move nothing", () => {
  const unwrapper = new RtpUnwrapper();
  // 67 minutes: the numbers wrap three times.
  const sent = run(500, 0xffff_0000, 200_000);
  feed(unwrapper, sent);
  let { sequence } = unwrapper;
  for (const ago of [3_000, 20_000, 33_000, 50_000, 63_000, 68_000, 120_000, 190_000]) {
    const from = sent.length - ago;
    const { told } = feed(unwrapper, sent.slice(from, from + 10));
    assert.deepEqual(told, { new: 0, duplicate: 0, ancient: 10 }, `${ago} packets ago`);
    const [next] = run(500 + sent.length, 0xffff_0000 + sent.length * FRAME, 1);
    assert.ok(next);
    sent.push(next);
    assert.deepEqual(feed(unwrapper, [next]).sequences, [++sequence]);
  }
});

test("a sender that starts over where its own past lies is followed after 320 ms", () => {
  const unwrapper = new RtpUnwrapper();
  feed(unwrapper, run(500, 700_000, 50_000));
  const { told } = feed(unwrapper, run(500 + 10_000, 2_000_000, 100));
  assert.deepEqual(told, { new: 85, duplicate: 0, ancient: 15 });
});
