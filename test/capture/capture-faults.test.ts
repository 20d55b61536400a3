import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { longToneSpeech, toneSpeech } from "../simulator/people/speech.ts";
import { sleep } from "../support/wait.ts";
import { BOT, Bench, PEOPLE, amplitudes } from "./capture-bench.ts";
import { assertAllAccounted, assertAllWritten, countsOf } from "./captured.ts";
import { pickSeed } from "./seeded-random.ts";

const [ANNA, BEN, CHLOE] = PEOPLE;

for (const dave of [false, true]) {
  const how = dave ? "with" : "without";

  test(`a bad network costs what it lost and no more, ${how} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const anna = await bench.seat(ANNA);
    const ben = await bench.seat(BEN);
    await bench.record(1);
    await sleep(1_000);
    const seed = pickSeed() % 1_000_000;
    const totals = bench.service.spoil(BOT, {
      seed,
      loss: 0.05,
      duplicate: 0.1,
      reorder: 0.1,
      corrupt: 0.02,
    });
    assert.ok(totals);
    await Promise.all([anna.say(toneSpeech(ANNA.hz, 4)), ben.say(toneSpeech(BEN.hz, 4))]);
    await sleep(300);
    const { result } = await bench.stop(1);
    assert.ok(totals.lost > 0 && totals.duplicated > 0 && totals.reordered > 0, "the network was bad");

    assertAllAccounted(result);
    const both = [countsOf(result, ANNA.userId), countsOf(result, BEN.userId)];
    const sum = (of: (counts: TrackCounts) => number): number => both.reduce((all, one) => all + of(one), 0);
    const sent = anna.sent.length + ben.sent.length;
    const context = `seed ${seed}: ${JSON.stringify({ totals, result })}`;
    assert.equal(
      sum((counts) => counts.expired + counts.late + counts.dropped),
      0,
      context,
    );
    assert.ok(sum((counts) => counts.written) >= sent - totals.lost - totals.corrupted, context);
    assert.ok(sum((counts) => counts.concealedSamples) > 0, context);
    assert.ok(
      sum((counts) => counts.concealedSamples) <= (totals.lost + totals.corrupted) * FRAME_SAMPLES,
      context,
    );
  });

  test(`forged, short and foreign datagrams harm nothing, ${how} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const anna = await bench.seat(ANNA);
    await bench.record(1);
    await sleep(dave ? 1_000 : 200);
    const speaking = anna.say(toneSpeech(ANNA.hz, 2));
    await sleep(500);
    const forged = Buffer.alloc(60, 7);
    forged.writeUInt16BE(0x8078, 0);
    forged.writeUInt32BE(anna.ssrc, 8);
    const stranger = Buffer.from(forged);
    stranger.writeUInt32BE(0xffff_0000, 8);
    for (let length = 0; length <= 12; length++) bench.service.injectRaw(BOT, forged.subarray(0, length));
    for (const datagram of [forged, stranger, Buffer.alloc(100, 0xff), Buffer.from("80c80006", "hex")])
      bench.service.injectRaw(BOT, datagram);
    await speaking;
    await sleep(100);
    const { result } = await bench.stop(1);
    const counts = countsOf(result, ANNA.userId);
    assert.equal(counts.written, anna.sent.length);
    assert.ok(counts.rejected >= 1, "the forged one was counted");
    assert.ok(result.connection.unattributed >= 1, "the stranger was counted");
    assertAllAccounted(result);
  });

  test(`people who come and go in the middle of speech cost nobody a packet, ${how} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const anna = await bench.seat(ANNA);
    await bench.record(1);
    await sleep(dave ? 1_000 : 200);
    const speaking = anna.say(toneSpeech(ANNA.hz, 5));
    await sleep(500);
    const ben = await bench.seat(BEN);
    await ben.say(toneSpeech(BEN.hz, 1));
    const chloe = await bench.seat(CHLOE);
    await ben.leave();
    await chloe.say(toneSpeech(CHLOE.hz, 1));
    await speaking;
    await sleep(200);
    const { result, tracks } = await bench.stop(1);
    assertAllAccounted(result);
    assertAllWritten(result, anna, ben, chloe);
    for (const { userId, hz } of [ANNA, BEN, CHLOE]) {
      const track = tracks.find((candidate) => candidate.userId === userId);
      assert.ok(track && Math.max(...(await amplitudes(track.file, hz))) > 0.05);
    }
  });

  test(`a websocket that drops and resumes costs nothing, ${how} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const anna = await bench.seat(ANNA);
    await bench.record(1);
    await sleep(dave ? 1_000 : 200);
    const speaking = anna.say(toneSpeech(ANNA.hz, 4));
    await sleep(500);
    bench.service.closeClient(BOT, 1006);
    // Somebody joins while the bot is away: under encryption the keys change behind its back.
    const ben = await bench.seat(BEN);
    await Promise.all([speaking, ben.say(toneSpeech(BEN.hz, 1))]);
    await sleep(300);
    const { result } = await bench.stop(1);
    assertAllAccounted(result);
    assertAllWritten(result, anna, ben);
    assert.ok(!bench.events.some(({ kind }) => kind === "ended"));
  });
}

test("under end-to-end encryption a sender nobody announced is found by their key", async () => {
  await using bench = await Bench.start(true);
  bench.service.faults.omitSpeaking = true;
  const anna = await bench.seat(ANNA);
  await bench.record(1);
  await sleep(1_000);
  await anna.say(toneSpeech(ANNA.hz, 3));
  await sleep(1_200);
  const { result, tracks } = await bench.stop(1);
  assertAllWritten(result, anna);
  assert.equal(tracks[0]?.userId, ANNA.userId);
  assertAllAccounted(result);
});

test("without it, what a sender nobody announced says is held, then counted as nobody's", async () => {
  await using bench = await Bench.start(false);
  bench.service.faults.omitSpeaking = true;
  const anna = await bench.seat(ANNA);
  await bench.record(1);
  await sleep(200);
  await anna.say(toneSpeech(ANNA.hz, 1));
  await sleep(100);
  const { result } = await bench.stop(1);
  assert.deepEqual(result.tracks, []);
  assert.equal(result.connection.unattributed, anna.sent.length);
  assertAllAccounted(result);
});

test("speaking before the bot has its key is held, and what can be opened is put in its place", async () => {
  await using bench = await Bench.start(true);
  const anna = await bench.seat(ANNA);
  const ben = await bench.seat(BEN);
  const speaking = Promise.all([anna.say(longToneSpeech(ANNA.hz)), ben.say(longToneSpeech(BEN.hz))]);
  await bench.record(1);
  // However late the bot came.
  await bench.event(
    (event) =>
      event.kind === "progress" && event.tracks.filter(({ counts }) => counts.written > 50).length === 2,
  );
  for (const person of [anna, ben]) await person.leave();
  await speaking;
  await sleep(300);
  const { result, tracks } = await bench.stop(1);
  assertAllAccounted(result);
  for (const { userId } of [ANNA, BEN]) {
    const counts = countsOf(result, userId);
    assert.ok(counts.written > 20, JSON.stringify(counts));
    assert.equal(counts.rejected, 0, "ciphertext never reached a decoder");
  }
  for (const track of tracks) assert.equal(track.disordered, 0);
  assert.ok(result.lengthSamples > SAMPLE_RATE);
});
