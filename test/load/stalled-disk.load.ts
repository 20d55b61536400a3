import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { StallingDisk } from "../support/stalling-disk.ts";
import { spokeAtMs } from "../support/spoken.ts";
import { onsetNear, toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { nothingIsLostWhile } from "./nothing-is-lost.ts";

const FRAME_SAMPLES = 960;
const limits = { timeout: 180_000 };

/** What every machine gets by default; those with more memory have more. */
const DEFAULT_SLOTS = 16_384;
const SPEAKERS = 25;
const STALL_MS = 10_000;

test(
  `${SPEAKERS} people talk while the disk stalls for ${STALL_MS} ms: no frame is lost with the smallest default queue`,
  limits,
  async (t) => {
    using disk = new StallingDisk();
    const { nodeOptions, environment } = disk;
    await using call = await Call.start({
      dave: true,
      nodeOptions,
      environment: { ...environment, QUEUE_SLOTS: String(DEFAULT_SLOTS) },
    });
    await nothingIsLostWhile(t, call, SPEAKERS, async () => {
      disk.stall();
      await sleep(STALL_MS);
      const queued = await eventually("the queue's level", () => call.queuedFrames());
      disk.goOn();
      // None of their frames leaves the queue; the metric is up to a second old.
      assert.ok(queued > SPEAKERS * 50 * (STALL_MS / 1000 - 1) * 0.9, `${queued} frames were waiting`);
      t.diagnostic(`${queued} frames waited in the queue when the disk came back`);
    });
  },
);

/** 100 ms of the voices of three: full after 3.4 s. */
const FEW_SLOTS = 512;
const LONG_STALL_MS = 6_500;
const TONES = [450, 650, 850] as const;
const LAST_SECONDS = 1;
/** And five of silence. */
const LAST_FRAMES = LAST_SECONDS * 50 + 5;
const TOO_SLOW = /missing .*the recorder's disk was too slow/;

test(
  "a stall that outlasts the queue costs its newest frames alone: one gap for each person, told, counted and in its place",
  limits,
  async (t) => {
    using disk = new StallingDisk();
    const { nodeOptions, environment } = disk;
    await using call = await Call.start({
      dave: true,
      nodeOptions,
      environment: { ...environment, QUEUE_SLOTS: String(FEW_SLOTS) },
    });
    const { discord } = call;
    const people = [call.addHost("Anna"), discord.addPerson("Ben"), discord.addPerson("Chloe")] as const;
    for (const person of people) await person.join();
    await discord.command(people[0], "record start");
    const say = (seconds: number): Promise<unknown> =>
      Promise.all(people.map((person, index) => person.say(toneSpeech(TONES[index] ?? 450, seconds))));

    const talking = say(14);
    await eventually("all are heard", () => call.manifest.tracks.length === 3);
    const stalledAtMs = Date.now();
    disk.stall();
    const told = eventually("people can read of it while it lasts", async () => {
      const { content } = await discord.command(people[0], "record status");
      return TOO_SLOW.test(content);
    });
    await sleep(LONG_STALL_MS);
    const queued = await eventually("the queue's level", () => call.queuedFrames());
    await told;
    const endedAtMs = Date.now();
    disk.goOn();
    assert.equal(queued, FEW_SLOTS, "the queue was full");
    await talking;
    await sleep(500);
    await say(LAST_SECONDS);
    const status = await discord.command(people[0], "record status");
    assert.match(status.content, TOO_SLOW);
    const stop = await discord.command(people[0], "record stop");
    await stop.until((reply) => trackLinks(fullText(reply)).size === 3, 60_000);

    const { manifest } = call;
    const startedAtMs = manifest.startedAtMs ?? 0;
    assert.equal(manifest.state, "finished");
    let dropped = 0;
    const onsets: number[] = [];
    for (const [index, person] of people.entries()) {
      const track = manifest.tracks.find(({ userId }) => userId === person.id);
      assert.ok(track?.counts !== undefined && balances(track.counts), JSON.stringify(track));
      const { counts, gaps = [], name } = track;
      dropped += counts.dropped;
      assert.equal(counts.received, person.sent.length);
      assert.equal(counts.written + counts.dropped, counts.received, "nothing else happened to any packet");
      assert.equal(counts.droppedSamples, counts.dropped * FRAME_SAMPLES);
      assert.deepEqual(
        gaps.map(({ reason, missingSamples }) => ({ reason, missingSamples })),
        [{ reason: "queue", missingSamples: counts.droppedSamples }],
      );
      const [gap] = gaps;
      assert.ok(gap !== undefined);
      assert.equal(
        gap.toSamples - gap.fromSamples,
        gap.missingSamples,
        "it is one, without a frame in between",
      );
      assert.ok(fullText(stop).includes(name) && TOO_SLOW.test(fullText(stop)));

      const samples = firstChannel(call.trackPath(person.id));
      assert.equal(samples.length, manifest.lengthSamples);
      const hz = TONES[index] ?? 450;
      const toneIn = (from: number, to: number): boolean[] =>
        Array.from({ length: Math.floor((to - from) / FRAME_SAMPLES) }, (_, frame) => {
          const at = from + frame * FRAME_SAMPLES;
          return toneAmplitude(samples.subarray(at, at + FRAME_SAMPLES), hz) > 0.1;
        });
      const stalledAt = Math.round(((stalledAtMs - startedAtMs) * SAMPLE_RATE) / 1000);
      assert.ok(
        gap.fromSamples > stalledAt + 2 * SAMPLE_RATE,
        "the queue took the first seconds of the stall",
      );
      assert.ok(toneIn(stalledAt, gap.fromSamples).every(Boolean), "all of which are on the track");
      const inside = samples.subarray(gap.fromSamples, gap.toSamples);
      assert.ok(
        inside.every((sample) => sample === 0),
        "the gap is silence",
      );
      // A decoder that goes on after a gap needs a frame or two.
      const after = toneIn(gap.toSamples + 2 * FRAME_SAMPLES, gap.toSamples + SAMPLE_RATE / 2);
      assert.ok(after.every(Boolean), "and what follows is there");

      const lastSpeech = person.sent.slice(-LAST_FRAMES);
      const place = ((spokeAtMs(lastSpeech) - startedAtMs) * SAMPLE_RATE) / 1000;
      const onset = onsetNear(samples, place, SAMPLE_RATE / 4);
      assert.ok(onset !== undefined, `${name} is heard after the stall`);
      onsets.push(onset - place);
    }
    const apart = Math.max(...onsets) - Math.min(...onsets);
    assert.ok(apart < SAMPLE_RATE / 200, `the tracks are aligned after it: ${apart} samples apart`);

    // What came while the disk stood still, but for what fits the queue; what was under way at either end is no second of it.
    const sentInStall = people.reduce(
      (sum, { sent }) =>
        sum + sent.filter(({ sentAtMs }) => sentAtMs >= stalledAtMs && sentAtMs < endedAtMs).length,
      0,
    );
    const least = sentInStall - FEW_SLOTS;
    assert.ok(
      Math.abs(dropped - least) <= people.length * 50,
      `${dropped} dropped, where ${least} had to be`,
    );
    t.diagnostic(
      `${sentInStall} frames in a stall of ${endedAtMs - stalledAtMs} ms, ${FEW_SLOTS} slots: ${dropped} dropped; tracks ${apart.toFixed(1)} samples apart after it`,
    );
  },
);
