import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE, samplesOfMs } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";
import { sleep } from "../support/wait.ts";
import { BOT, Bench, GUILD, PEOPLE, amplitudes } from "./capture-bench.ts";
import { assertAllAccounted, assertAllWritten, countsOf } from "./captured.ts";

const [ANNA, BEN, CHLOE] = PEOPLE;

for (const dave of [false, true]) {
  test(`three people arrive whole, each on their own track, ${dave ? "with" : "without"} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const seats: Seat[] = [];
    for (const person of PEOPLE) seats.push(await bench.seat(person));
    const startedAtMs = await bench.record(1);
    assert.ok(Math.abs(Date.now() - startedAtMs) < 5_000);
    // Under end-to-end encryption the bot must have been let into the group first; earlier audio cannot be had.
    await sleep(dave ? 1_000 : 200);
    await Promise.all(
      PEOPLE.map(async ({ hz }, at) => {
        await sleep(at * 150);
        await seats[at]?.say(toneSpeech(hz, 3));
      }),
    );
    await sleep(100);
    const { result, tracks } = await bench.stop(1);

    assert.equal(tracks.length, 3);
    for (const [at, { userId, hz }] of PEOPLE.entries()) {
      const track = tracks.find((candidate) => candidate.userId === userId);
      const captured = result.tracks.find((candidate) => candidate.userId === userId);
      assert.ok(track && captured, `user ${userId} has a track`);
      assert.equal(track.track, captured.track);
      const { counts } = captured;
      assert.ok(balances(counts) && counts.held === 0, JSON.stringify(counts));
      assert.equal(counts.received, seats[at]?.sent.length, JSON.stringify(counts));
      assert.equal(counts.written, counts.received, JSON.stringify(counts));
      assert.equal(counts.concealedSamples, 0);
      // Where a busy machine sent the first packets late, the rest glides to its place: 5 ‰ and a crossfade at most.
      const saidSamples = counts.written * FRAME_SAMPLES;
      assert.ok(track.samples > saidSamples * 0.99 && track.samples < saidSamples * 1.01, `${track.samples}`);
      assert.equal(track.disordered, 0);
      const own = Math.max(...(await amplitudes(track.file, hz)));
      assert.ok(own > 0.05, `${hz} Hz sounds: ${own}`);
      for (const other of PEOPLE) {
        if (other.hz === hz) continue;
        const crosstalk = Math.max(...(await amplitudes(track.file, other.hz)));
        assert.ok(crosstalk < own / 50, `${other.hz} Hz on the track of ${hz} Hz: ${crosstalk}`);
      }
    }
    assert.equal(result.connection.unattributed, 0, JSON.stringify(result.connection));
    assertAllAccounted(result);
    assert.deepEqual(bench.service.problems, []);
    const kinds = bench.events.map((event) => event.kind);
    assert.equal(kinds[0], "connected");
    assert.equal(kinds.filter((kind) => kind === "track").length, 3);
    assert.ok(kinds.includes("progress"));
    assert.ok(!kinds.includes("interrupted"));
  });
}

test("a kick ends the recording with a reason, and what was said before is kept", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.seat(ANNA);
  await bench.record(1);
  await seat.say(toneSpeech(440, 1));
  bench.kick();
  const ended = await bench.event((event) => event.kind === "ended");
  assert.ok(ended.kind === "ended" && ended.error.code === "E-REMOVED");
  assert.ok(bench.events.some(({ kind }) => kind === "interrupted"));
  const { result } = await bench.stop(1);
  assertAllWritten(result, seat);
});

test("a session that Discord declares invalid is begun anew, and the clock runs on", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.seat(ANNA);
  await bench.record(1);
  await seat.say(toneSpeech(440, 1));
  bench.service.dismiss(GUILD, BOT, 4006);
  await bench.event((event) => event.kind === "interrupted");
  await bench.event((event) => event.kind === "connected" && event.position > SAMPLE_RATE);
  await sleep(200);
  await seat.say(toneSpeech(440, 1));
  const { result, tracks } = await bench.stop(1);
  assert.equal(result.tracks.length, 1);
  // Nothing was said while it was away.
  assertAllWritten(result, seat);
  const tone = await amplitudes(tracks[0]?.file ?? "", 440);
  assert.ok(
    (tone.at(-1) ?? 0) > 0.05 || (tone.at(-2) ?? 0) > 0.05,
    `the second sentence sounds: ${tone.join(" ")}`,
  );
});

test("recordings follow one another on one thread, announced or not", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.seat(ANNA);
  for (const handle of [1, 2]) {
    await bench.record(handle, handle === 2);
    const before = seat.sent.length;
    await seat.say(toneSpeech(440, 1));
    const { result } = await bench.stop(handle);
    assert.equal(countsOf(result, seat.userId).written, seat.sent.length - before);
    assert.ok(result.lengthSamples >= SAMPLE_RATE);
  }
});

test("a lost discovery datagram delays the start, and does not prevent it", async () => {
  await using bench = await Bench.start(false);
  bench.service.dropDiscovery(1);
  await bench.record(1);
  const { result } = await bench.stop(1);
  assert.deepEqual(result.tracks, []);
});

test("when the capture thread dies a new one goes on: same clock, same track, and a gap", async () => {
  await using bench = await Bench.start(true);
  const anna = await bench.seat(ANNA);
  const ben = await bench.seat(BEN);
  const startedAtMs = await bench.record(1);
  await sleep(1_000);
  await Promise.all([anna.say(toneSpeech(440, 2)), ben.say(toneSpeech(660, 2))]);
  // What they said last may still wait for its turn in the socket.
  await bench.booked(anna, ben);
  bench.killThread();
  await bench.event((event) => event.kind === "interrupted");
  await bench.event((event) => event.kind === "connected" && event.position > SAMPLE_RATE);
  await sleep(1_000);
  await Promise.all([ben.say(toneSpeech(660, 2)), anna.say(toneSpeech(440, 2))]);
  const elapsedSamples = (): number => samplesOfMs(Date.now() - startedAtMs);
  const before = elapsedSamples();
  const { result, tracks } = await bench.stop(1);
  const after = elapsedSamples();

  // The same wall clock, read by two processes.
  const graceSamples = samplesOfMs(20);
  assert.ok(
    result.lengthSamples > before - graceSamples && result.lengthSamples < after + graceSamples,
    `${result.lengthSamples}, stopped between ${before} and ${after}`,
  );
  assertAllWritten(result, anna, ben);
  for (const { userId, hz } of [ANNA, BEN]) {
    const captured = result.tracks.find((track) => track.userId === userId);
    const delivered = tracks.filter((track) => track.userId === userId);
    assert.ok(captured && delivered.length === 1 && delivered[0]);
    assert.equal(delivered[0].track, captured.track);
    const tone = await amplitudes(delivered[0].file, hz);
    assert.ok(
      tone.slice(-3).some((amplitude) => amplitude > 0.05),
      tone.join(" "),
    );
  }
  assert.ok(!bench.events.some(({ kind }) => kind === "ended"));
});

test("whoever was first heard just before the thread died keeps their track to themselves", async () => {
  await using bench = await Bench.start(false);
  const anna = await bench.seat(ANNA);
  const ben = await bench.seat(BEN);
  const chloe = await bench.seat(CHLOE);
  await bench.record(1);
  await anna.say(toneSpeech(440, 1));
  await bench.event((event) => event.kind === "progress" && event.tracks.length === 1);
  const speaking = ben.say(toneSpeech(660, 1));
  await bench.event((event) => event.kind === "track" && event.track === 2);
  bench.killThread();
  await bench.event((event) => event.kind === "interrupted");
  await speaking;
  await bench.event((event) => event.kind === "connected" && event.position > SAMPLE_RATE);
  await sleep(200);
  await chloe.say(toneSpeech(880, 1));
  const { result, tracks } = await bench.stop(1);
  for (const { track, counts } of result.tracks) {
    assert.ok(balances(counts) && counts.held === 0, JSON.stringify(counts));
    const packets = tracks.find((delivered) => delivered.track === track)?.packets ?? 0;
    // The packet in hand at the death may be in the queue and not in the books.
    const uncounted = packets - counts.written;
    assert.ok(uncounted === 0 || uncounted === 1, `${packets}: ${counts.written}`);
  }
  assert.ok(
    (result.tracks[1]?.counts.written ?? 0) > 0,
    "what Ben said in the thread's last second is counted",
  );
  assertAllAccounted(result);
  // By track number: whose audio came under it.
  const owners = tracks.map(({ track, userId }) => [track, userId]);
  assert.deepEqual(
    owners,
    PEOPLE.map(({ userId }, at) => [at + 1, userId]),
  );
});
