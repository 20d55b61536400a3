/** The spans in which nobody could be heard, in a manifest: pure. At most one of each cause is open. */
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Interruption, Manifest } from "./manifest.ts";

export type InterruptionCause = Interruption["cause"];

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
  return { ...manifest, interruptions: [...interruptions, { ...beginning, fromSamples }] };
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
    .map((one) => ({ ...one, toSamples: Math.min(one.toSamples ?? lengthSamples, lengthSamples) }));
  return { ...manifest, interruptions };
}

/** Whether nobody can be heard now for this cause. */
export function isInterrupted(manifest: Manifest, cause: InterruptionCause): boolean {
  return manifest.interruptions?.some((one) => isOpen(one) && one.cause === cause) ?? false;
}

function isOpen(interruption: Interruption): boolean {
  return interruption.toSamples === undefined;
}
