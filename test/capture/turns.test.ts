/** Segments of one track, one after the other and at once: what lies in the file where they meet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { CROSSFADE_SAMPLES } from "../../src/audio/timeline.ts";
import type { MediaPacket } from "../../src/capture/media-packet.ts";
import { balances } from "../../src/recordings/counts.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";
import { SILENCE, speech } from "./segment-bench.ts";
import { trackBench } from "./track-bench.ts";
import type { Sender } from "./track-bench.ts";

const MS = 48;
/** The most that a 440 Hz tone of this loudness changes from one sample to the next, doubled. */
const CLICK = 920;
const HALF = speech.length / 2;

/** The largest step between neighbours. */
function largestStep(file: Int16Array, from: number, to: number): number {
  let largest = 0;
  for (let at = from + 1; at < to; at++)
    largest = Math.max(largest, Math.abs((file[at] ?? 0) - (file[at - 1] ?? 0)));
  return largest;
}

/** Half of the speech under one SSRC, which comes late by so much; the other half in time, under another. */
function changeOfSsrc(lateSamples: number, packets = HALF) {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  for (let index = 0; index < HALF + packets; index++) {
    const sentAt = index * FRAME_SAMPLES;
    bench.advance(sentAt);
    if (index < HALF) first.receive(index, sentAt + lateSamples);
    else second.receive(index, sentAt);
  }
  bench.close(first);
  bench.close(second);
  const end = bench.writers.lastIndexOf(1) + 1;
  return { ...bench, end, begin: bench.writers.indexOf(2) };
}

for (const lateMs of [1, 3, 5])
  test(`a segment that begins ${lateMs} ms inside the one before is crossfaded with it at its place`, () => {
    const { file, begin, overwritten, counts } = changeOfSsrc(lateMs * MS);
    assert.equal(begin, HALF * FRAME_SAMPLES, "its own place");
    assert.equal(overwritten(), lateMs * MS, "they do meet");
    const step = largestStep(file, begin - FRAME_SAMPLES, begin + FRAME_SAMPLES);
    assert.ok(step < CLICK, `a step of ${step}`);
    assert.equal(counts().written, speech.length);
    assert.ok(balances(counts()));
  });

test("one that would begin far inside the one before goes behind it, joined to it, and glides to its place", () => {
  const { file, begin, overwritten, counts, writers } = changeOfSsrc(40 * MS, 500);
  assert.equal(begin, HALF * FRAME_SAMPLES + 40 * MS - CROSSFADE_SAMPLES);
  assert.equal(
    overwritten(),
    CROSSFADE_SAMPLES,
    "nothing that was said is written over but for the crossfade",
  );
  const step = largestStep(file, begin - FRAME_SAMPLES, begin + FRAME_SAMPLES);
  assert.ok(step < CLICK, `a step of ${step}`);
  const late = writers.lastIndexOf(2) + 1 - (HALF + 500) * FRAME_SAMPLES;
  assert.ok(late >= 0 && late <= 2 * MS, `${late} samples late at its end`);
  assert.equal(counts().written, HALF + 500);
});

test("what waited for its key in speech that was moved behind an earlier segment's is heard there", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  const held: MediaPacket[] = [];
  for (let index = 0; index < speech.length; index++) {
    const sentAt = index * FRAME_SAMPLES;
    bench.advance(sentAt);
    if (index < HALF) first.receive(index, sentAt + 40 * MS);
    else if (index % 10 === 5) held.push(second.number(index, sentAt));
    else second.receive(index, sentAt);
  }
  bench.advance(2 * speech.length * FRAME_SAMPLES);
  assert.ok(bench.counts().concealedSamples > 0, "it was missing");
  for (const packet of held) bench.open(second, packet);
  bench.close(first);
  bench.close(second);
  assert.equal(bench.counts().late, 0);
  assert.equal(bench.counts().written, speech.length);
  // Where the anchor glides a packet is up to 5 ‰ shorter or longer.
  assert.ok(Math.abs(bench.counts().concealedSamples) <= 5 * held.length);
});

test("what opens late of an earlier segment ends where the later one begins, without a click", () => {
  const late = 3 * MS;
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  for (let index = 0; index < HALF - 1; index++) first.receive(index, index * FRAME_SAMPLES + late);
  const held = first.number(HALF - 1, (HALF - 1) * FRAME_SAMPLES + late);
  for (let index = HALF; index < speech.length; index++) second.receive(index, index * FRAME_SAMPLES);
  bench.advance(2 * speech.length * FRAME_SAMPLES);
  const begin = HALF * FRAME_SAMPLES;
  const alone = bench.file.slice(begin);
  bench.open(first, held);
  bench.advance(2 * speech.length * FRAME_SAMPLES);
  const differs = bench.file.subarray(begin).findIndex((sample, at) => sample !== alone[at]);
  assert.equal(differs, -1, "the later one is untouched");
  assert.equal(bench.writers[begin - 1], 1, "the earlier one is there up to it");
  assert.equal(bench.writers[begin], 2);
  assert.equal(bench.file[begin - 1], 0);
  const step = largestStep(bench.file, begin - FRAME_SAMPLES, begin);
  assert.ok(step < CLICK, `a step of ${step}`);
  bench.close(first);
  bench.close(second);
  assert.equal(bench.counts().written, speech.length);
  assert.ok(balances(bench.counts()) && bench.counts().held === 0);
});

test("silence that comes under an old SSRC writes over nothing, and nothing is missing", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  for (let index = 0; index < HALF; index++) first.receive(index, index * FRAME_SAMPLES);
  for (let index = HALF; index < speech.length; index++) {
    second.receive(index, index * FRAME_SAMPLES);
    bench.advance(index * FRAME_SAMPLES);
  }
  const silent = 5;
  for (let index = 0; index < silent; index++)
    first.receive(HALF + index, (speech.length - 10 + index) * FRAME_SAMPLES, SILENCE);
  bench.advance(speech.length * FRAME_SAMPLES);
  bench.close(first);
  bench.close(second);
  assert.equal(bench.overwritten(), 0);
  assert.equal(bench.counts().written, speech.length + silent);
  assert.equal(bench.counts().late, 0);
});

test("one who goes back to an old SSRC is heard there again", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  for (let index = 0; index < speech.length; index++) {
    bench.advance(index * FRAME_SAMPLES);
    (index >= 30 && index < 60 ? second : first).receive(index, index * FRAME_SAMPLES);
  }
  bench.close(first);
  bench.close(second);
  for (const [packet, ssrc] of [
    [0, 1],
    [30, 2],
    [60, 1],
    [99, 1],
  ] as const)
    assert.equal(bench.writers[packet * FRAME_SAMPLES], ssrc, `packet ${packet}`);
  assert.equal(bench.counts().written, speech.length);
  assert.equal(bench.counts().concealedSamples, 0);
});

test("one who goes back to an old SSRC has what came late of it before where it belongs", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  const late = 10;
  const held: MediaPacket[] = [];
  for (let index = 0; index < speech.length; index++) {
    bench.advance(index * FRAME_SAMPLES);
    if (index === late) held.push(first.number(index, index * FRAME_SAMPLES));
    else (index >= 30 && index < 60 ? second : first).receive(index, index * FRAME_SAMPLES);
  }
  bench.advance(speech.length * FRAME_SAMPLES);
  assert.equal(bench.writers[75 * FRAME_SAMPLES], 1, "it does speak again");
  for (const packet of held) bench.open(first, packet);
  bench.close(first);
  bench.close(second);
  assert.equal(bench.counts().written, speech.length);
  assert.equal(bench.counts().concealedSamples, 0);
});

test("what waited for its key is heard between two talkspurts under another SSRC, and moves neither", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  const held: MediaPacket[] = [];
  const speakers = [first, second, first, second];
  for (let index = 0; index < 4 * HALF; index++) {
    const sentAt = index * FRAME_SAMPLES;
    bench.advance(sentAt);
    const spurt = Math.floor(index / HALF);
    const sender = speakers[spurt] ?? assert.fail();
    // A pause before each.
    if (index % HALF < 15) continue;
    if (spurt === 2) held.push(first.number(index, sentAt));
    else sender.receive(index, sentAt);
  }
  bench.advance(5 * HALF * FRAME_SAMPLES);
  const before = bench.writers.slice();
  for (const packet of held) bench.open(first, packet);
  bench.advance(10 * HALF * FRAME_SAMPLES);
  bench.close(first);
  bench.close(second);
  const begin = (2 * HALF + 15) * FRAME_SAMPLES;
  assert.ok(!before.subarray(begin, 3 * HALF * FRAME_SAMPLES).some((ssrc) => ssrc !== 0), "nobody was there");
  const heard = bench.writers.subarray(begin, 3 * HALF * FRAME_SAMPLES);
  assert.ok(!heard.some((ssrc) => ssrc !== 1));
  assert.ok(!before.some((ssrc, at) => ssrc !== 0 && ssrc !== bench.writers[at]));
  assert.equal(bench.counts().written, 4 * (HALF - 15));
});

test("old words that open late are not said seconds later, where somebody else speaks by then", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  const held: MediaPacket[] = [];
  for (let index = 0; index < 200; index++) {
    const sentAt = index * FRAME_SAMPLES;
    bench.advance(sentAt);
    if (index < 20) first.receive(index, sentAt);
    if (index >= 30) second.receive(index, sentAt);
    // Its last words, after a pause, at once with those under the new SSRC.
    if (index >= 32 && index < 36) held.push(first.number(index, sentAt));
  }
  for (const packet of held) bench.open(first, packet);
  for (let index = 200; index < 300; index++) {
    bench.advance(index * FRAME_SAMPLES);
    second.receive(index, index * FRAME_SAMPLES);
  }
  bench.close(first);
  bench.close(second);
  assert.equal(bench.writers.subarray(30 * FRAME_SAMPLES).indexOf(1), -1);
  assert.equal(bench.counts().written, 20 + 270);
  assert.equal(bench.counts().late, held.length);
});

test("speech that begins in the silence with which the last SSRC ended is at its place", () => {
  const bench = trackBench();
  const [first, second] = [bench.begin(), bench.begin()];
  for (let index = 0; index < speech.length; index++) {
    const sentAt = index * FRAME_SAMPLES;
    bench.advance(sentAt);
    if (index < HALF + 5) first.receive(index, sentAt, index < HALF ? undefined : SILENCE);
    if (index >= HALF + 2) second.receive(index, sentAt);
  }
  bench.close(first);
  bench.close(second);
  assert.equal(bench.writers.indexOf(2), (HALF + 2) * FRAME_SAMPLES);
  assert.equal(bench.counts().written, HALF + 5 + HALF - 2);
});

test("however SSRCs change, segments share no more than a crossfade, and the books balance", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < 30; round++) {
    const bench = trackBench();
    const senders = [bench.begin(), bench.begin(), bench.begin()];
    const held: { readonly at: number; readonly sender: Sender; readonly packet: MediaPacket }[] = [];
    let delay = 0;
    let index = 0;
    const about = `seed ${seed}, round ${round}`;
    for (const sender of senders) {
      delay = random.below(60 * MS);
      const loss = random.next() * 0.1;
      const locked = random.next() * 0.1;
      for (const end = index + 20 + random.below(200); index < end; index++) {
        const sentAt = index * FRAME_SAMPLES;
        bench.advance(sentAt);
        while ((held[0]?.at ?? Infinity) <= sentAt) {
          const late = held.shift() ?? assert.fail();
          bench.open(late.sender, late.packet);
        }
        if (random.next() < loss) continue;
        const arrival = sentAt + delay + random.below(10 * MS);
        if (random.next() < locked) {
          const packet = sender.number(index, arrival);
          held.push({ at: sentAt + random.below(40) * FRAME_SAMPLES, sender, packet });
          held.sort((a, b) => a.at - b.at);
        } else sender.receive(index, arrival);
      }
      index += random.below(30);
    }
    for (const { sender, packet } of held) bench.open(sender, packet);
    for (const sender of senders) bench.close(sender);
    const changes = senders.length - 1;
    assert.ok(bench.overwritten() <= changes * CROSSFADE_SAMPLES, `${bench.overwritten()} samples; ${about}`);
    const counts = bench.counts();
    assert.ok(balances(counts) && counts.held === 0, `${JSON.stringify(counts)}; ${about}`);
  }
});
