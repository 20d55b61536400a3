/** The spans in which one person spoke and could not be decrypted, in a manifest: pure. */
import { secondsOf } from "../audio/pcm.ts";
import type { Manifest, Unheard } from "./manifest.ts";

/** Spans kept: a person whose keys come and go must not fill the manifest. */
const MAX_SPANS = 500;

/** Opens a person's span; one that is open goes on. */
export function withUnheard(
  manifest: Manifest,
  beginning: Pick<Unheard, "userId" | "name" | "fromSamples">,
): Manifest {
  const unheard = manifest.unheard ?? [];
  const lasts = unheard.some((one) => one.userId === beginning.userId && one.toSamples === undefined);
  if (lasts || unheard.length >= MAX_SPANS) return manifest;
  return { ...manifest, unheard: [...unheard, { ...beginning }] };
}

/** Closes a person's span: they are heard again, or have left. */
export function withUnheardOver(manifest: Manifest, userId: string, toSamples: number): Manifest {
  if (manifest.unheard === undefined) return manifest;
  const unheard = manifest.unheard.map((one) =>
    one.userId === userId && one.toSamples === undefined
      ? { ...one, toSamples: Math.max(one.fromSamples, toSamples) }
      : one,
  );
  return { ...manifest, unheard };
}

/** Somebody who had left is back, and nothing says that they can be heard: their last span goes on. */
export function withUnheardStill(manifest: Manifest, userId: string): Manifest {
  const last = manifest.unheard?.findLast((one) => one.userId === userId);
  if (manifest.unheard === undefined || last === undefined) return manifest;
  const { toSamples: _, ...open } = last;
  return { ...manifest, unheard: manifest.unheard.map((one) => (one === last ? open : one)) };
}

/** The recording is over: what is open lasted to its end. */
export function withUnheardEndedAt(manifest: Manifest, lengthSamples: number): Manifest {
  if (manifest.unheard === undefined) return manifest;
  const unheard = manifest.unheard
    .filter((one) => one.fromSamples < lengthSamples)
    .map((one) => ({ ...one, toSamples: Math.min(one.toSamples ?? lengthSamples, lengthSamples) }));
  return { ...manifest, unheard };
}

/** "1:02:03" or "2:03", from the recording's beginning. */
export function minutesOf(samples: number): string {
  const total = Math.floor(secondsOf(samples));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3_600);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}
