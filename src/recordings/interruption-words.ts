/** When nobody could be heard, in words for people: pure, plain text. */
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Interruption } from "./manifest.ts";
import { durationInWords, nextTenth, positionInWords, tenthBelow } from "./time-words.ts";

/** One sentence for an interruption. Its figures agree with one another. */
export function interruptionLine({ fromSamples, toSamples, missingSamples, reason }: Interruption): string {
  const from = positionInWords(fromSamples);
  if (toSamples === undefined) return `Nobody can be heard since ${from}: ${reason}`;
  if (missingSamples !== undefined) {
    const [sum, to] = [durationInWords(missingSamples), positionInWords(nextTenth(toSamples))];
    return `Nobody could be heard for ${sum} in all, again and again between ${from} and ${to}: ${reason}`;
  }
  const length = toSamples - fromSamples;
  // Positions are told in tenths of a second.
  if (length < SAMPLE_RATE)
    return `Nobody could be heard for ${durationInWords(length)} at ${from}: ${reason}`;
  const told = durationInWords(tenthBelow(toSamples) - tenthBelow(fromSamples));
  return `Nobody could be heard from ${from} to ${positionInWords(toSamples)} (${told}): ${reason}`;
}
