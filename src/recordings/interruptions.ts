/** The spans in which nobody could be heard, in a manifest: pure. At most one of each cause is open. */
import type { Interruption, Manifest } from "./manifest.ts";

export type InterruptionCause = Interruption["cause"];

/** Opens a span; one of its cause that is open already goes on. */
export function withInterruption(
  manifest: Manifest,
  beginning: Pick<Interruption, "cause" | "fromSamples" | "reason">,
): Manifest {
  const interruptions = manifest.interruptions ?? [];
  if (interruptions.some((one) => isOpen(one) && one.cause === beginning.cause)) return manifest;
  return { ...manifest, interruptions: [...interruptions, { ...beginning }] };
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
