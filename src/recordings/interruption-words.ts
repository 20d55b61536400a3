/** When nobody could be heard, in words for people: pure, plain text. */
import type { Interruption } from "./manifest.ts";
import { durationInWords, positionInWords } from "./time-words.ts";

/** One sentence for an interruption. */
export function interruptionLine({ fromSamples, toSamples, reason }: Interruption): string {
  const from = positionInWords(fromSamples);
  if (toSamples === undefined) return `Nobody can be heard since ${from}: ${reason}`;
  const length = durationInWords(toSamples - fromSamples);
  return `Nobody could be heard from ${from} to ${positionInWords(toSamples)} (${length}): ${reason}`;
}
