/** What is put in place of lost packets, and for how long. Pure but for the decoder it is given. */
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";

/** At most this much is made up in place of lost audio: 100 ms. Beyond that, silence is more honest. */
export const MAX_CONCEALED_SAMPLES = 4_800;

/** Durations that a decoder can make up at a time, the longest first: 20, 10, 5 and 2.5 ms. */
const STEPS_SAMPLES = [960, 480, 240, 120] as const;
export type ConcealmentStep = (typeof STEPS_SAMPLES)[number];

/** Lost packets between two that came. Positions and durations in samples. */
export type Hole = {
  /** Directly behind what came before. */
  readonly from: number;
  /** Where the packet after the hole lies. */
  readonly to: number;
  /** How much of it was lost; the rest the sender left silent. */
  readonly lostSamples: number;
};

export type ConcealingDecoder = {
  /** Goes on from what came before; undefined when nothing did. */
  conceal(samples: ConcealmentStep): Buffer | undefined;
};

/** Takes what was made up, a piece of at most 20 ms at a time, in order and without overlap. */
export type ConcealmentSink = { takeConcealed(position: number, pcm: Buffer): void };

/**
 * Fills the beginning of a hole. Where the hole goes on in silence, what is made up fades out over all its length, so
 * that it ends at zero; where the next packet follows at once, the decoder itself joins the two. Returns the samples made up.
 */
export function concealHole(
  hole: Hole,
  channels: Channels,
  decoder: ConcealingDecoder,
  sink: ConcealmentSink,
): number {
  const total = concealedSamplesOf(hole);
  const fades = hole.from + total < hole.to;
  let done = 0;
  for (let step = stepWithin(total); step !== undefined; step = stepWithin(total - done)) {
    const pcm = decoder.conceal(step);
    if (pcm?.length !== step * channels * BYTES_PER_SAMPLE) break;
    if (fades) fadeOut(pcm, channels, total - done, total);
    sink.takeConcealed(hole.from + done, pcm);
    done += step;
  }
  return done;
}

/** How much of a hole is filled. */
export function concealedSamplesOf(hole: Hole): number {
  return Math.max(0, Math.min(hole.lostSamples, hole.to - hole.from, MAX_CONCEALED_SAMPLES));
}

function stepWithin(samples: number): ConcealmentStep | undefined {
  return STEPS_SAMPLES.find((step) => step <= samples);
}

/** Scales interleaved PCM in place by a straight line that reaches zero `leftSamples` after its first sample. */
export function fadeOut(pcm: Buffer, channels: Channels, leftSamples: number, totalSamples: number): void {
  const samples = pcm.length / (channels * BYTES_PER_SAMPLE);
  for (let sample = 0; sample < samples; sample++) {
    const gain = (leftSamples - 1 - sample) / totalSamples;
    for (let channel = 0; channel < channels; channel++) {
      const at = (sample * channels + channel) * BYTES_PER_SAMPLE;
      pcm.writeInt16LE(Math.round(pcm.readInt16LE(at) * gain), at);
    }
  }
}
