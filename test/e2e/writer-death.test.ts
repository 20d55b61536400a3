import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText } from "../support/call.ts";
import { ThreadFault } from "../support/thread-fault.ts";
import type { Fault } from "../support/thread-fault.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel, missing, readWithFfprobe, readWithSox } from "../support/wav-readers.ts";
import { startRecording, stopRecording } from "./recorded-tones.ts";

const DEATHS: readonly Fault[] = ["memory", "throw", "exit"];
/** Speeches in seconds: one before the first death, one for each, one after the last. */
const SPEECHES = [1, 4, 4, 4, 1];
/** Into a speech, when its death is ordered. */
const DEATH_AFTER_MS = 1_500;
/** What the report says may be missing before a death. */
const TOLD_SAMPLES = SAMPLE_RATE;
/** Opus fades in and out, and a tone is found by windows of 20 ms. */
const EDGES_SAMPLES = 0.05 * SAMPLE_RATE;

test(
  "the writer thread dies of memory, of an exception and by itself: the files go on in place, the holes are told",
  { timeout: 180_000, skip: missing("ffprobe", "sox") },
  async (t) => {
    using fault = new ThreadFault();
    await using call = await Call.start({ dave: true, ...fault.options });
    const anna = call.addHost("Anna");
    const ben = call.discord.addPerson("Ben");
    const tones = [
      [anna, 450],
      [ben, 650],
    ] as const;
    for (const [person] of tones) await person.join();
    await startRecording(call, anna);
    for (const [turn, seconds] of SPEECHES.entries()) {
      const speaking = Promise.all(tones.map(([person, hz]) => person.say(toneSpeech(hz, seconds))));
      const how = DEATHS[turn - 1];
      if (how !== undefined) {
        await sleep(DEATH_AFTER_MS);
        fault.order("writer", how);
        await fault.taken();
        const told = (): boolean => call.manifest.writerDeaths?.length === turn;
        await eventually(`a death by ${how} is told`, told, 60_000);
      }
      await speaking;
    }
    const status = fullText(await call.discord.command(anna, "record status"));
    assert.equal(
      status.match(/The part of the recorder that writes the files crashed/g)?.length,
      DEATHS.length,
      status,
    );
    await stopRecording(call, anna, 2);

    const { manifest } = call;
    const deaths = manifest.writerDeaths ?? [];
    assert.equal(deaths.length, DEATHS.length);
    for (const [person, hz] of tones) {
      const path = call.trackPath(person.id);
      assert.equal(readWithFfprobe(path).samples, manifest.lengthSamples);
      assert.equal(readWithSox(path).samples, manifest.lengthSamples);
      const silences = silencesIn(firstChannel(path), hz);
      const context = JSON.stringify({ deaths, silences });
      const isHole = ({ to }: Span): boolean =>
        deaths.some((death) => to > death - TOLD_SAMPLES && to < death + EDGES_SAMPLES);
      const holes = silences.filter((silence) => isHole(silence));
      for (const { from, to } of holes) assert.ok(to - from < TOLD_SAMPLES, context);
      t.diagnostic(
        `missing: ${holes.map(({ from, to }) => `${Math.round((to - from) / 48)} ms`).join(", ")}`,
      );
      // What comes after a hole is where it would be without: every speech has its length.
      const pauses = silences.filter((silence) => !isHole(silence));
      const lengths = pauses.slice(1).map(({ from }, index) => from - (pauses[index]?.to ?? 0));
      assert.equal(lengths.length, SPEECHES.length, context);
      for (const [turn, length] of lengths.entries())
        assert.ok(Math.abs(length - (SPEECHES[turn] ?? 0) * SAMPLE_RATE) < EDGES_SAMPLES, context);
      const track = manifest.tracks.find(({ userId }) => userId === person.id);
      // Counted up to the last checkpoint before each death.
      assert.ok((track?.writtenSamples ?? 0) > SAMPLE_RATE * (SPEECHES.at(-1) ?? 0), context);
    }
  },
);

type Span = { readonly from: number; readonly to: number };

/** Where the tone is not: from the file's beginning to its end. */
function silencesIn(samples: Float64Array, hz: number): Span[] {
  const silences: Span[] = [];
  let end = 0;
  for (let at = 0; at + FRAME_SAMPLES <= samples.length; at += FRAME_SAMPLES / 4) {
    if (toneAmplitude(samples.subarray(at, at + FRAME_SAMPLES), hz) < 0.1) continue;
    if (at > end + FRAME_SAMPLES) silences.push({ from: end, to: at });
    end = at + FRAME_SAMPLES;
  }
  return [...silences, { from: end, to: samples.length }];
}

test(
  "a writer thread that dies again and again ends the recording with a word; what it had is kept, the next one works",
  { timeout: 180_000 },
  async () => {
    using fault = new ThreadFault();
    await using call = await Call.start({ dave: false, ...fault.options });
    const anna = call.addHost("Anna");
    await anna.join();
    await startRecording(call, anna);
    await anna.say(toneSpeech(450, 2));
    for (let death = 1; death <= 4; death++) {
      fault.order("writer", "throw");
      await fault.taken();
    }
    const chat = (): string =>
      call.discord
        .messages(call.discord.voiceChannel.id)
        .map(({ content }) => content)
        .join("\n");
    await eventually("people are told", () => /failed.*E-WRITER/.test(chat()));
    await eventually("its files are finished", () => call.manifest.state === "failed");
    const { manifest } = call;
    assert.equal(manifest.error?.code, "E-WRITER");
    const path = call.trackPath(anna.id);
    const samples = firstChannel(path);
    assert.equal(samples.length, manifest.lengthSamples);
    const [before, after] = silencesIn(samples, 450);
    assert.ok(after !== undefined && before !== undefined);
    assert.ok(
      Math.abs(after.from - before.to - 2 * SAMPLE_RATE) < EDGES_SAMPLES,
      JSON.stringify([before, after]),
    );
    await eventually("it is looked at as any other", () => call.manifest.checked !== undefined);

    // Its ZIP may be on its way into the folder.
    rmSync(call.folder, { recursive: true, maxRetries: 10 });
    await startRecording(call, anna);
    await anna.say(toneSpeech(450, 1));
    await stopRecording(call, anna, 1);
    assert.equal((await fetch(`${call.bot.baseUrl}/readyz`)).status, 200);
  },
);
