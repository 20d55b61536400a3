/** People who say one tone each in a recorded call, and what must be on their tracks. */
import assert from "node:assert/strict";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Person } from "../simulator/person.ts";
import type { Call } from "../support/call.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { speechesOf, spokeAtMs } from "../support/spoken.ts";
import { onsetNear, toneWindows } from "../support/tones.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { countsOf } from "../support/written.ts";

/** Behind each speech. */
const SILENCE_FRAMES = 5;
/** Whoever speaks again here has been silent for at least this. */
const PAUSE_MS = 800;

/** Starts to record and waits until that runs. */
export async function startRecording(call: Call, host: Person): Promise<void> {
  const start = await call.discord.command(host, "record start", {});
  await start.until((reply) => /record/i.test(reply.content));
  assert.equal(call.manifest.state, "recording");
}

/** Stops and waits for so many finished tracks. */
export async function stopRecording(call: Call, host: Person, tracks: number): Promise<void> {
  const stop = await call.discord.command(host, "record stop");
  await stop.until((reply) => trackLinks(fullText(reply)).size === tracks);
  assert.equal(call.manifest.state, "finished");
  call.assertCountsBalance();
}

/** Their tone as long as they were written, and nothing else but the edges of so many `talkspurts`. */
export function assertPureTone(call: Call, person: Person, hz: number, talkspurts: number): Float64Array {
  const samples = firstChannel(call.trackPath(person.id));
  assert.equal(samples.length, call.manifest.lengthSamples);
  const { tone, stray } = toneWindows(samples, hz);
  const frames = countsOf(call, person).written - SILENCE_FRAMES * talkspurts;
  // Opus fades in and out over two windows each, which no longer or not yet are the tone.
  assert.ok(
    tone >= frames - 4 * talkspurts,
    `${frames} frames of ${person.name}, but ${tone} windows of their tone`,
  );
  assert.ok(stray <= 4 * talkspurts, `${stray} windows of noise on ${person.name}'s track`);
  return samples;
}

/**
 * How far from its moment by the speaker's clock each talkspurt begins on a track, in seconds: a constant (two processes' clocks,
 * the encoder's delay) and the recorder's error.
 */
export function onsetOffsets(call: Call, person: Person, samples: Float64Array): number[] {
  const { startedAtMs } = call.manifest;
  assert.ok(startedAtMs !== undefined);
  return speechesOf(person.sent, PAUSE_MS).map((speech) => {
    const place = ((spokeAtMs(speech) - startedAtMs) * SAMPLE_RATE) / 1000;
    const onset = onsetNear(samples, place, 0.25 * SAMPLE_RATE);
    assert.ok(onset !== undefined, `${person.name} is heard ${place / SAMPLE_RATE} s after the start`);
    return (onset - place) / SAMPLE_RATE;
  });
}
