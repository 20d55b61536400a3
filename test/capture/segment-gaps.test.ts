import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import type { MediaPacket } from "../../src/capture/media-packet.ts";
import { balances } from "../../src/recordings/counts.ts";
import { segmentBench, speech } from "./segment-bench.ts";

test("beyond what is made up, lost speech is a gap with its place, and a packet that comes late shortens it", () => {
  const { track, receive } = segmentBench();
  const lost = (index: number): boolean => index >= 20 && index < 35;
  speech.forEach((packet, index) => {
    if (!lost(index)) receive(index, packet);
  });
  const place = {
    reason: "network",
    fromSamples: 25 * FRAME_SAMPLES,
    toSamples: 35 * FRAME_SAMPLES,
  } as const;
  const before = track.account.snapshot();
  assert.equal(before.counts.concealedSamples, 5 * FRAME_SAMPLES);
  assert.equal(before.counts.lostSamples, 10 * FRAME_SAMPLES);
  assert.deepEqual(before.gaps, [{ ...place, missingSamples: 10 * FRAME_SAMPLES }]);
  receive(30, speech[30], 99 * FRAME_SAMPLES);
  const after = track.account.snapshot();
  assert.equal(after.counts.lostSamples, 9 * FRAME_SAMPLES);
  assert.deepEqual(after.gaps, [{ ...place, missingSamples: 9 * FRAME_SAMPLES }]);
  assert.ok(balances(after.counts));
});

test("what a full queue refuses is a gap with its place", () => {
  const { track, segment, receive } = segmentBench(32);
  speech.slice(0, 50).forEach((packet, index) => receive(index, packet));
  segment.close();
  const { counts, gaps } = track.account.snapshot();
  assert.equal(counts.written, 32);
  const [fromSamples, toSamples] = [32 * FRAME_SAMPLES, 50 * FRAME_SAMPLES];
  assert.deepEqual(gaps, [
    { reason: "queue", fromSamples, toSamples, missingSamples: counts.droppedSamples },
  ]);
  assert.equal(counts.droppedSamples, toSamples - fromSamples);
});

test("a packet whose key never came is a gap where it arrived", () => {
  const { track, segment } = segmentBench();
  const header = { ...emptyRtpHeader(), sequence: 7, timestamp: 960 };
  const packet = segment.number(header, Buffer.from("locked"), 4_800.4);
  assert.ok(packet !== undefined && track.account.ledger.counts.held === 1);
  segment.expire(packet);
  const { counts, gaps } = track.account.snapshot();
  assert.deepEqual([counts.held, counts.expired, counts.abandoned], [0, 1, 0]);
  assert.deepEqual(gaps, [
    { reason: "key", fromSamples: 4_800, toSamples: 5_760, missingSamples: FRAME_SAMPLES },
  ]);
});

test("packets whose key never came among those that opened are told once, as that, where they belong", () => {
  const { track, segment, receive } = segmentBench();
  const header = emptyRtpHeader();
  const locked: MediaPacket[] = [];
  speech.forEach((packet, index) => {
    if (index < 40 || index >= 50) return receive(index, packet);
    header.sequence = index;
    header.timestamp = index * FRAME_SAMPLES;
    locked.push(segment.number(header, packet, index * FRAME_SAMPLES + 200) ?? assert.fail());
  });
  const [fromSamples, toSamples] = [45 * FRAME_SAMPLES, 50 * FRAME_SAMPLES];
  const missingSamples = toSamples - fromSamples;
  assert.deepEqual(
    track.account.gaps.list(),
    [{ reason: "network", fromSamples, toSamples, missingSamples }],
    "as long as it may open it is waited for",
  );
  for (const packet of locked) segment.expire(packet);
  segment.close();
  const { counts, gaps } = track.account.snapshot();
  // 100 ms of it are made up.
  assert.deepEqual(gaps, [{ reason: "key", fromSamples, toSamples, missingSamples }]);
  assert.equal(counts.lostSamples, 0);
  assert.equal(counts.expired, 10);
});

test("what was given up before anything behind it opened is not lost on the way as well", () => {
  const { track, segment, receive } = segmentBench();
  const header = emptyRtpHeader();
  speech.slice(0, 20).forEach((packet, index) => receive(index, packet));
  for (let index = 20; index < 60; index++) {
    header.sequence = index;
    header.timestamp = index * FRAME_SAMPLES;
    segment.expire(segment.number(header, speech[index], index * FRAME_SAMPLES) ?? assert.fail());
  }
  for (let index = 60; index < 100; index++) receive(index, speech[index]);
  segment.close();
  const [fromSamples, toSamples] = [20 * FRAME_SAMPLES, 60 * FRAME_SAMPLES];
  assert.deepEqual(track.account.gaps.list(), [
    { reason: "key", fromSamples, toSamples, missingSamples: toSamples - fromSamples },
  ]);
  assert.equal(track.account.snapshot().counts.lostSamples, 0);
});
