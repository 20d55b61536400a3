/** What is put in place of lost packets, and for how long. Pure but for the decoder it is given. */
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";

/** At most this much is made up in place of lost audio: 100 ms. Beyond that, silence is more honest. */
const MAX_CONCEALED_SAMPLES = 4_800;

/** What is recovered behind silence fades in over 2.5 ms: no click, and no word lost. */
const FADE_IN_SAMPLES = 120;

/** Durations that a decoder can make up at a time, the longest first: 20, 10, 5 and 2.5 ms. */
const STEPS_SAMPLES = [960, 480, 240, 120] as const;
const SHORTEST_STEP_SAMPLES = 120;
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

/** What is asked of a decoder; see `decoder.ts`. */
export type ConcealingDecoder = {
  conceal(samples: ConcealmentStep): Buffer | undefined;
  recoverableBefore(next: Buffer): number;
  recoverBefore(next: Buffer): Buffer | undefined;
};

/** Takes what is put into a hole, piece by piece, in order and without overlap. */
export type ConcealmentSink = { takeConcealed(position: number, pcm: Buffer): void };

/** Samples put in at a hole's beginning and at its end. */
export type Concealed = { readonly atBeginning: number; readonly atEnd: number };

/**
 * Fills a hole: its end by the FEC of the packet after it, where that has any; its beginning by what the decoder makes up
 * from what came before. Where silence follows that, it fades out over all its length, so that it ends at zero; where
 * sound follows, the decoder itself joins the two.
 */
export function concealHole(
  hole: Hole,
  next: Buffer,
  channels: Channels,
  decoder: ConcealingDecoder,
  sink: ConcealmentSink,
): Concealed {
  const total = concealedSamplesOf(hole);
  const recoverable = decoder.recoverableBefore(next);
  // Of a frame that has less room than it lasts, the end.
  const atEnd = Math.min(recoverable, total);
  const madeUp = total - atEnd;
  const leavesSilence = hole.from + madeUp < hole.to - atEnd;
  const sampleBytes = channels * BYTES_PER_SAMPLE;
  let done = 0;
  while (done < madeUp) {
    const step = stepWithin(madeUp - done);
    const concealed = decoder.conceal(step);
    if (concealed?.length !== step * sampleBytes) break;
    const pcm = concealed.subarray(0, (madeUp - done) * sampleBytes);
    if (leavesSilence) fadeOut(pcm, channels, madeUp - done, madeUp);
    sink.takeConcealed(hole.from + done, pcm);
    done += pcm.length / sampleBytes;
  }
  if (atEnd === 0) return { atBeginning: done, atEnd };
  const frame = decoder.recoverBefore(next);
  if (frame?.length !== recoverable * sampleBytes) return { atBeginning: done, atEnd: 0 };
  const recovered = frame.subarray(frame.length - atEnd * sampleBytes);
  if (leavesSilence) fadeIn(recovered.subarray(0, FADE_IN_SAMPLES * sampleBytes), channels);
  sink.takeConcealed(hole.to - atEnd, recovered);
  return { atBeginning: done, atEnd };
}

/** How much of a hole is filled. */
export function concealedSamplesOf(hole: Hole): number {
  return Math.max(0, Math.min(hole.lostSamples, hole.to - hole.from, MAX_CONCEALED_SAMPLES));
}

/** The longest step within a duration, or the shortest there is. */
function stepWithin(samples: number): ConcealmentStep {
  return STEPS_SAMPLES.find((step) => step <= samples) ?? SHORTEST_STEP_SAMPLES;
}

/** Scales interleaved PCM in place by a straight line that reaches zero `leftSamples` after its first sample. */
function fadeOut(pcm: Buffer, channels: Channels, leftSamples: number, totalSamples: number): void {
  scale(pcm, channels, (leftSamples - 1) / totalSamples, -1 / totalSamples);
}

/** Scales interleaved PCM in place from zero to full. */
function fadeIn(pcm: Buffer, channels: Channels): void {
  scale(pcm, channels, 0, (channels * BYTES_PER_SAMPLE) / pcm.length);
}

function scale(pcm: Buffer, channels: Channels, firstGain: number, gainPerSample: number): void {
  const sampleBytes = channels * BYTES_PER_SAMPLE;
  for (let at = 0; at < pcm.length; at += BYTES_PER_SAMPLE) {
    const gain = firstGain + gainPerSample * Math.floor(at / sampleBytes);
    pcm.writeInt16LE(Math.round(pcm.readInt16LE(at) * gain), at);
  }
}
