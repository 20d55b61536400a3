/** The spans in which nobody could be heard, in a manifest: pure. At most one of each cause is open, and few are kept. */
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Interruption, Manifest } from "./manifest.ts";

export type InterruptionCause = Interruption["cause"];

/** Spans that a manifest holds at most; then the nearest two of one cause become one. */
const MAX_SPANS = 200;

/**
 * Opens a span; one of its cause that is open already goes on. It begins behind the end of the last one: a sign of life from
 * before that says nothing new.
 */
export function withInterruption(
  manifest: Manifest,
  beginning: Pick<Interruption, "cause" | "fromSamples" | "reason">,
): Manifest {
  const interruptions = manifest.interruptions ?? [];
  const last = interruptions.findLast((one) => one.cause === beginning.cause);
  if (last !== undefined && isOpen(last)) return manifest;
  const fromSamples = Math.max(beginning.fromSamples, last?.toSamples ?? 0);
  return { ...manifest, interruptions: bounded([...interruptions, { ...beginning, fromSamples }]) };
}

/** How long nobody could be heard in a span that is over. */
export function missingIn({ fromSamples, toSamples = fromSamples, missingSamples }: Interruption): number {
  return missingSamples ?? toSamples - fromSamples;
}

/** Closes the open spans of these causes. */
export function withEndOfInterruption(
  manifest: Manifest,
  causes: readonly InterruptionCause[],
  toSamples: number,
): Manifest {
  if (manifest.interruptions === undefined) return manifest;
  const interruptions = manifest.interruptions.map((one) =>
    isOpen(one) && causes.includes(one.cause)
      ? { ...one, toSamples: Math.max(one.fromSamples, toSamples) }
      : one,
  );
  return { ...manifest, interruptions };
}

/** A connection lost so shortly before the word of a move was lost by the move. */
const SAME_CAUSE_SAMPLES = 5 * SAMPLE_RATE;

/** We were moved: nobody is heard until people in the new channel have been told. */
export function withMove(manifest: Manifest, atSamples: number, reason: string): Manifest {
  const beginning = { cause: "moved", fromSamples: atSamples, reason } as const;
  const interruptions = manifest.interruptions?.map((one) =>
    isOpen(one) && one.cause === "connection" && atSamples - one.fromSamples < SAME_CAUSE_SAMPLES
      ? { ...beginning, fromSamples: Math.min(one.fromSamples, atSamples) }
      : one,
  );
  const recast = interruptions === undefined ? manifest : { ...manifest, interruptions };
  return withInterruption(withEndOfInterruption(recast, ["connection"], atSamples), beginning);
}

/** The recording is over: what is open lasted to its end. A span that would lie behind the end is none. */
export function withInterruptionsEndedAt(manifest: Manifest, lengthSamples: number): Manifest {
  if (manifest.interruptions === undefined) return manifest;
  const interruptions = manifest.interruptions
    .filter((one) => one.fromSamples < lengthSamples)
    .map((one) => endedAt(one, lengthSamples));
  return { ...manifest, interruptions };
}

function endedAt(one: Interruption, lengthSamples: number): Interruption {
  const toSamples = Math.min(one.toSamples ?? lengthSamples, lengthSamples);
  if (one.missingSamples === undefined) return { ...one, toSamples };
  return { ...one, toSamples, missingSamples: Math.min(one.missingSamples, toSamples - one.fromSamples) };
}

/** Whether nobody can be heard now for this cause. */
export function isInterrupted(manifest: Manifest, cause: InterruptionCause): boolean {
  return manifest.interruptions?.some((one) => isOpen(one) && one.cause === cause) ?? false;
}

function isOpen(interruption: Interruption): boolean {
  return interruption.toSamples === undefined;
}

/** A connection that drops every second for a day must not fill the manifest: what is missing stays, where becomes vague. */
function bounded(interruptions: readonly Interruption[]): Interruption[] {
  const kept = [...interruptions];
  while (kept.length > MAX_SPANS) {
    const pair = nearestPair(kept);
    if (pair === undefined) break;
    const { first, second } = pair;
    kept.splice(kept.indexOf(first), 1, joined(first, second));
    kept.splice(kept.indexOf(second), 1);
  }
  return kept;
}

type Pair = { readonly first: Interruption; readonly second: Interruption };

/** Of one cause and both over; undefined where there is no such pair. */
function nearestPair(interruptions: readonly Interruption[]): Pair | undefined {
  const last = new Map<InterruptionCause, Interruption>();
  let nearest: Pair | undefined;
  let least = Infinity;
  for (const second of interruptions) {
    if (isOpen(second)) continue;
    const first = last.get(second.cause);
    last.set(second.cause, second);
    const apart = second.fromSamples - (first?.toSamples ?? -Infinity);
    if (first === undefined || apart >= least) continue;
    nearest = { first, second };
    least = apart;
  }
  return nearest;
}

function joined(first: Interruption, second: Interruption): Interruption {
  const toSamples = Math.max(first.toSamples ?? 0, second.toSamples ?? 0);
  const [sum, span] = [missingIn(first) + missingIn(second), toSamples - first.fromSamples];
  const { reason } = missingIn(second) > missingIn(first) ? second : first;
  const { missingSamples: _, ...all } = { ...first, toSamples, reason };
  return sum < span ? { ...all, missingSamples: sum } : all;
}
