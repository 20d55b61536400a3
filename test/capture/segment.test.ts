import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { balances } from "../../src/recordings/counts.ts";
import { encodeTone } from "../support/opus-tones.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";
import { SILENCE, codec, segmentBench, speech } from "./segment-bench.ts";

test("every packet of clean speech is written at its place, once", () => {
  const { segment, track, receive, frames, heard } = segmentBench();
  speech.forEach((packet, index) => receive(index, packet));
  segment.close();
  const { counts } = track.account.snapshot();
  assert.equal(counts.written, speech.length);
  assert.ok(balances(counts) && counts.held === 0);
  assert.deepEqual(
    frames().map((frame) => frame.position),
    speech.map((_packet, index) => index * FRAME_SAMPLES),
  );
  assert.deepEqual(heard, [0]);
});

test("a hole in speech is concealed at its place for at most 100 ms, and counted", () => {
  const { segment, track, receive, frames } = segmentBench();
  speech.forEach((packet, index) => {
    const lost = index === 30 || (index >= 50 && index < 60);
    if (!lost) receive(index, packet);
  });
  segment.close();
  const { counts } = track.account.snapshot();
  assert.equal(counts.concealedSamples, 6 * FRAME_SAMPLES);
  const positions = frames().map((frame) => frame.position / FRAME_SAMPLES);
  assert.ok(positions.includes(30) && positions.includes(54) && !positions.includes(55));
  assert.equal(new Set(positions).size, positions.length);
});

test("a hole between packets of different durations is concealed without touching what was said", () => {
  const short = { packets: speech, samples: FRAME_SAMPLES };
  const long = { packets: encodeTone(30, 3 * FRAME_SAMPLES), samples: 3 * FRAME_SAMPLES };
  for (const [before, after] of [
    [short, long],
    [long, short],
  ] as const) {
    const { segment, track, frames } = segmentBench();
    const header = emptyRtpHeader();
    for (let index = 0; index < 12; index++) {
      const { packets, samples } = index < 10 ? before : after;
      const media = packets[index] ?? SILENCE;
      const lost = index >= 7 && index < 10;
      const packet = lost ? undefined : segment.number(header, media, header.timestamp);
      if (packet !== undefined) segment.accept(packet, media);
      header.sequence++;
      header.timestamp += samples;
    }
    segment.close();
    const positions = frames().map((frame) => frame.position);
    assert.equal(new Set(positions).size, positions.length, "nothing is written twice");
    assert.equal(positions[7 * (before.samples / FRAME_SAMPLES)], 7 * before.samples, "the hole's beginning");
    assert.ok(track.account.snapshot().counts.concealedSamples >= 3 * FRAME_SAMPLES);
  }
});

test("somebody who only sent silence has no track, and their books balance", () => {
  const { segment, track, receive, frames, heard } = segmentBench();
  for (let index = 0; index < 20; index++) receive(index, SILENCE);
  segment.close();
  assert.deepEqual(frames(), []);
  assert.deepEqual(heard, []);
  assert.equal(track.number, 0);
  assert.ok(balances(track.account.snapshot().counts));
});

test("what a full queue refuses is dropped and counted in samples", () => {
  const { segment, track, receive, frames } = segmentBench(16);
  speech.forEach((packet, index) => receive(index, packet));
  segment.close();
  const { counts } = track.account.snapshot();
  assert.equal(counts.written, 16);
  assert.equal(counts.dropped, speech.length - 16);
  assert.equal(counts.droppedSamples, (speech.length - 16) * FRAME_SAMPLES);
  assert.ok(balances(counts));
  assert.equal(frames().length, 16);
});

test("garbage is rejected without harm to what follows", () => {
  const { segment, track, receive, frames } = segmentBench();
  const garbage = Buffer.from([0xfb, 0x00, 1, 2, 3]);
  speech.forEach((packet, index) => receive(index, index % 10 === 5 ? garbage : packet));
  segment.close();
  const { counts } = track.account.snapshot();
  assert.equal(counts.rejected, 10);
  assert.equal(counts.written, 90);
  assert.ok(balances(counts));
  assert.ok(
    frames()
      .slice(5)
      .every((frame) => frame.loud),
  );
});

test("audio from before position 0 is cut off, what straddles it is trimmed", () => {
  const { segment, track, receive, frames } = segmentBench();
  for (let index = 0; index < 10; index++)
    receive(index, speech[index], index * FRAME_SAMPLES - 2 * FRAME_SAMPLES - 100);
  segment.close();
  const written = frames();
  assert.equal(written[0]?.position, 0);
  assert.equal(written[0]?.samples, FRAME_SAMPLES - 100);
  assert.ok(written.every((frame) => frame.position >= 0));
  assert.equal(track.account.snapshot().counts.late, 2);
});

test("a packet that waited for its key is patched in where it belongs", () => {
  const { segment, track, receive, frames } = segmentBench();
  const header = emptyRtpHeader();
  header.sequence = 50;
  header.timestamp = 50 * FRAME_SAMPLES;
  speech.forEach((packet, index) => {
    if (index !== 50) receive(index, packet);
  });
  const held = segment.number(header, speech[50], 50 * FRAME_SAMPLES);
  assert.ok(held);
  held.held = true;
  segment.accept(held, held.media);
  segment.close();
  assert.equal(frames().at(-1)?.position, 50 * FRAME_SAMPLES);
  const { counts } = track.account.snapshot();
  assert.equal(counts.written, 100);
  assert.equal(counts.late, 0);
});

test("a packet that comes 300 ms late replaces what was made up for it, and its duplicate is one", () => {
  const { segment, track, receive, frames } = segmentBench();
  const late = new Set([40, 41, 60]);
  const order = speech.map((_packet, index) => ({ index, at: index + (late.has(index) ? 15 : 0) }));
  order.sort((a, b) => a.at - b.at);
  let concealedBefore = 0;
  for (const { index, at } of order) {
    if (index === 40) concealedBefore = track.account.snapshot().counts.concealedSamples;
    receive(index, speech[index], at * FRAME_SAMPLES);
    if (late.has(index)) receive(index, speech[index], at * FRAME_SAMPLES);
  }
  segment.close();
  assert.equal(concealedBefore, 2 * FRAME_SAMPLES, "they were waited for in vain");
  const { counts } = track.account.snapshot();
  assert.equal(counts.written, speech.length);
  assert.equal(counts.duplicate, 3);
  assert.equal(counts.late, 0);
  assert.equal(counts.concealedSamples, 0);
  assert.ok(balances(counts) && counts.held === 0);
  const last = new Map(frames().map((frame) => [frame.position, frame]));
  assert.equal(last.size, speech.length);
  for (const index of late) assert.equal(last.get(index * FRAME_SAMPLES)?.loud, true);
});

test("a sender faster than time is rejected, and their books balance", () => {
  const { segment, track, receive } = segmentBench();
  speech.forEach((packet, index) => receive(index, packet));
  for (let index = 100; index < 1_000; index++) receive(index, SILENCE, 100 * FRAME_SAMPLES);
  for (let index = 1_000; index < 1_100; index++) receive(index, speech[index - 1_000], 100 * FRAME_SAMPLES);
  segment.close();
  const { counts } = track.account.snapshot();
  assert.ok(counts.rejected > 0 && balances(counts) && counts.held === 0, JSON.stringify(counts));
});

test("packets opened late share a decoder across small holes", () => {
  let created = 0;
  const counting = {
    name: codec.name,
    create: (channels: 1 | 2) => {
      created++;
      return codec.create(channels);
    },
  };
  const { segment, track, receive } = segmentBench(1_024, counting);
  const late = new Set([40, 41, 43, 45, 48, 80]);
  speech.forEach((packet, index) => {
    if (!late.has(index)) receive(index, packet);
  });
  created = 0;
  const header = emptyRtpHeader();
  for (const index of late) {
    header.sequence = index;
    header.timestamp = index * FRAME_SAMPLES;
    const packet = segment.number(header, speech[index], index * FRAME_SAMPLES);
    assert.ok(packet);
    packet.held = true;
    segment.accept(packet, packet.media);
  }
  segment.close();
  assert.equal(created, 2);
  assert.equal(track.account.snapshot().counts.written, speech.length);
});

test("no history of noise, loss, repetition and padding unbalances the books", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const { segment, track, receive, frames } = segmentBench(64);
    let received = 0;
    for (let index = 0; index < 300; index++) {
      const kind = random.next();
      if (kind < 0.1) continue;
      const media =
        kind < 0.15
          ? Buffer.alloc(0)
          : kind < 0.2
            ? undefined
            : kind < 0.25
              ? random.bytes(1 + random.below(80))
              : kind < 0.35
                ? SILENCE
                : speech[index % speech.length];
      const at = Math.max(0, index - (random.next() < 0.05 ? random.below(40) : 0));
      receive(at, media, index * FRAME_SAMPLES + random.below(2_000));
      received++;
      if (random.next() < 0.02) frames();
    }
    assert.ok(balances(track.account.snapshot().counts), `seed ${seed}, round ${round}: while it runs`);
    segment.close();
    const { counts } = track.account.snapshot();
    assert.equal(counts.received, received, `seed ${seed}, round ${round}`);
    assert.equal(counts.held, 0, `seed ${seed}, round ${round}`);
    assert.ok(balances(counts), `seed ${seed}, round ${round}`);
  }
});
