/** What tests ask of the interruptions of a recording. */
import assert from "node:assert/strict";
import { SAMPLE_RATE, samplesOfMs } from "../../src/audio/pcm.ts";
import type { Interruption } from "../../src/recordings/manifest.ts";
import type { Call } from "./call.ts";
import { rms } from "./tones.ts";
import { eventually } from "./wait.ts";
import { firstChannel } from "./wav-readers.ts";

/** Packets under way when a connection ends, and the reach of a codec's frame. */
const EDGE_SAMPLES = SAMPLE_RATE / 10;
const SILENT = 0.001;

/** Waits until the recording has had so many interruptions, and they are over; the last one. */
export function interruptionsOver(call: Call, count: number, timeoutMs = 60_000): Promise<Interruption> {
  return eventually(
    `${count} interruptions are over`,
    () => {
      const { interruptions = [] } = call.manifest;
      const last = interruptions.at(-1);
      return interruptions.length === count && last?.toSamples !== undefined ? last : undefined;
    },
    timeoutMs,
  );
}

/**
 * A finished track is silent within each interruption. What was sent up to `lateMs` too late lies so much earlier than it came, so
 * before the end of one that was over when it came.
 */
export function assertSilentWithin(
  call: Call,
  userId: string,
  interruptions: readonly Interruption[],
  lateMs = 0,
): void {
  const samples = firstChannel(call.trackPath(userId));
  for (const { fromSamples, toSamples = 0, reason } of interruptions) {
    const inside = samples.subarray(
      fromSamples + EDGE_SAMPLES,
      Math.max(fromSamples, toSamples - EDGE_SAMPLES - samplesOfMs(lateMs)),
    );
    assert.ok(
      rms(inside) < SILENT,
      `silence from ${fromSamples} to ${toSamples} (${reason}): ${rms(inside)}`,
    );
  }
}

/** How loud a track is from one position to another. */
export function loudnessWithin(call: Call, userId: string, fromSamples: number, toSamples: number): number {
  return rms(firstChannel(call.trackPath(userId)).subarray(Math.max(0, fromSamples), toSamples));
}
