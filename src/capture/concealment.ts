/** What is put in place of lost packets, and for how long. Pure but for the decoder it is given. */
import { fadeInEdge, fadeOut } from "../audio/fade.ts";
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";

/** At most this much is made up in place of lost audio: 100 ms. Beyond that, silence is more honest. */
const MAX_CONCEALED_SAMPLES = 4_800;

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
  if (leavesSilence) fadeInEdge(recovered, channels);
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
