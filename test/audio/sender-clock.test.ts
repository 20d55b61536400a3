import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, pickSeed } from "../capture/seeded-random.ts";
import { SECOND, Sender, deliver, errorsOf, jitter, record, stall } from "./packet-history.ts";
import type { Sent } from "./packet-history.ts";

const MINUTE = 60 * SECOND;

test("an hour without a pause stays in its place, at whatever pace the sender's clock runs", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const noise = jitter(random);
  for (const ppm of [-100, -80, -20, 20, 80, 100]) {
    const { sent } = new Sender({ ppm, timestamp: random.below(0x1_0000_0000) }).speak(60 * MINUTE);
    const { placed } = record(deliver(sent, () => (random.next() < 0.01 ? undefined : noise())));
    const { medianMs, p99Ms } = errorsOf(placed);
    assert.ok(medianMs <= 2 && p99Ms <= 5, `seed ${seed}, ${ppm} ppm: ${medianMs} and ${p99Ms} ms`);
    // 0.2 ‰ of 20 ms is a fifth of a sample.
    const stretched = placed.filter(({ start, end, samples }) => Math.abs(end - start - samples) > 1);
    assert.ok(
      stretched.length <= 100,
      `seed ${seed}, ${ppm} ppm: ${stretched.length} frames by more than a sample`,
    );
  }
});

test("short sentences of one sender add up to a knowledge of their clock", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const noise = jitter(random, 2);
  for (const ppm of [-100, 100]) {
    const sender = new Sender({ ppm });
    for (let sentence = 0; sentence < 150; sentence++)
      sender
        .speak((1 + random.below(7)) * SECOND)
        .silence()
        .pause((1 + random.below(3)) * SECOND);
    const { p99Ms } = errorsOf(record(deliver(sender.sent, noise)).placed);
    // By the smallest offset of ten seconds and a tolerance of 2 ms alone it is 2.5.
    assert.ok(p99Ms <= 2, `seed ${seed}, ${ppm} ppm: ${p99Ms} ms`);
  }
});

test("a sender whose clock runs like ours is hardly resampled", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed));
  const { placed } = record(deliver(new Sender().speak(20 * MINUTE).sent, noise));
  const changed = placed.filter(({ start, end, samples }) => end - start !== samples).length;
  // A sample each, until an anchor taken from ten packets is mended: some milliseconds in 20 minutes.
  assert.ok(changed <= 400, `seed ${seed}: ${changed} of ${placed.length} frames`);
});

test("a crowded network is no drift", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed));
  for (const ppm of [0, 60]) {
    const from = 5 * MINUTE;
    const { sent } = new Sender({ ppm }).speak(20 * MINUTE);
    const crowded = deliver(
      sent,
      ({ sentAt }) => noise() + (sentAt >= from && sentAt < from + MINUTE ? 1_920 : 0),
    );
    const { p99Ms } = errorsOf(record(crowded).placed);
    assert.ok(p99Ms <= 5, `seed ${seed}, ${ppm} ppm: ${p99Ms} ms`);
  }
});

test("a stall of any length and speed of draining leaves nothing that follows late", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed), 2);
  const from = 10 * SECOND;
  for (const [stallMs, rate] of [
    [500, 2],
    [1_500, 2],
    [3_000, 2],
    [3_000, 4],
    [3_000, 1.25],
    [3_000, 1.1],
    [6_000, 2],
  ] as const) {
    const drained = from + (stallMs * 48 * rate) / (rate - 1);
    const held = stall(from, stallMs * 48, rate);
    const arriving = deliver(
      new Sender().speak(drained + 20 * SECOND).sent,
      (packet) => held(packet) + noise(),
    );
    const worst = Math.max(...arriving.map(({ arrival, sentAt }) => arrival - sentAt));
    assert.ok(worst >= stallMs * 48, "it stalled");
    const { placed } = record(arriving);
    assert.equal(placed.length, arriving.length);
    const { worstMs } = errorsOf(placed, drained);
    assert.ok(worstMs <= 5, `seed ${seed}, ${stallMs} ms at ${rate}: ${worstMs} ms`);
  }
});

test("a stall before somebody's first words are through leaves them in their place", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed), 2);
  for (const [stallMs, rate] of [
    [300, 2],
    [600, 3],
    [1_000, 4],
    [800, 2],
  ] as const) {
    const held = stall(SECOND, stallMs * 48, rate);
    const arriving = deliver(new Sender().speak(10 * SECOND).sent, (packet) => held(packet) + noise());
    const onTime = arriving.filter(({ arrival, sentAt }) => arrival - sentAt < 3_840)[0];
    assert.ok(
      (onTime?.arrival ?? 0) > (arriving[0]?.arrival ?? 0) + 9_600,
      "none of the first 200 ms is on time",
    );
    const { worstMs } = errorsOf(record(arriving).placed);
    assert.ok(worstMs <= 5, `seed ${seed}, ${stallMs} ms at ${rate}: ${worstMs} ms`);
  }
});

test("a delay that is constant for somebody's first second at most moves nothing", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed), 2);
  for (const [delayMs, lastsMs] of [
    [15, 400],
    [100, 700],
    [300, 700],
  ] as const) {
    const until = SECOND + lastsMs * 48;
    const late = ({ sentAt }: Sent): number => Math.max(0, Math.min(delayMs * 48, until - sentAt));
    const arriving = deliver(new Sender().speak(10 * SECOND).sent, (packet) => late(packet) + noise());
    const { placed, again } = record(arriving);
    assert.ok(again > 0, `seed ${seed}, ${delayMs} ms for ${lastsMs} ms: it was placed late at first`);
    assert.equal(placed.length, arriving.length);
    const { worstMs } = errorsOf(placed);
    assert.ok(worstMs <= 5, `seed ${seed}, ${delayMs} ms for ${lastsMs} ms: ${worstMs} ms`);
  }
});

test("a delay that grows and shrinks within 20 s moves nothing", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed), 2);
  const from = 20 * SECOND;
  for (const [peakMs, lastsMs] of [
    [400, 5_000],
    [400, 20_000],
    [1_200, 5_000],
  ] as const) {
    const delay = (at: number): number => {
      const into = (at - from) / 48;
      const shape = Math.min(1, into / 2_000, (lastsMs + 4_000 - into) / 2_000);
      return into < 0 ? 0 : 48 * peakMs * Math.max(0, shape);
    };
    const { placed } = record(
      deliver(new Sender().speak(MINUTE).sent, ({ sentAt }) => delay(sentAt) + noise()),
    );
    const { worstMs } = errorsOf(placed);
    assert.ok(worstMs <= 5, `seed ${seed}, ${peakMs} ms for ${lastsMs} ms: ${worstMs} ms`);
  }
});

test("a timestamp that jumps in speech is followed at once", () => {
  const seed = pickSeed();
  const noise = jitter(new SeededRandom(seed), 2);
  for (const jump of [9_000_000, -9_000_000, 24_000, -24_000, 4_800, -4_800]) {
    const sender = new Sender().speak(20 * SECOND);
    sender.timestamp += jump;
    const { placed } = record(deliver(sender.speak(20 * SECOND).sent, noise));
    const { worstMs } = errorsOf(placed);
    assert.ok(worstMs <= 5, `seed ${seed}, jump ${jump}: ${worstMs} ms`);
  }
});

test("timestamps that stand still in pauses, with and without silence frames, move nothing", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const noise = jitter(random, 2);
  for (const silenceFrames of [true, false]) {
    const sender = new Sender();
    for (let song = 0; song < 20; song++) {
      sender.speak(SECOND + random.below(8 * SECOND));
      if (silenceFrames) sender.silence();
      sender.pause(SECOND / 2 + random.below(5 * SECOND), true);
    }
    const { medianMs, p99Ms } = errorsOf(record(deliver(sender.sent, noise)).placed);
    assert.ok(medianMs <= 2 && p99Ms <= 5, `seed ${seed}: ${medianMs} and ${p99Ms} ms`);
  }
});
