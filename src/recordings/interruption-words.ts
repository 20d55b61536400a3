/** When nobody could be heard, in words for people: pure, plain text. */
import { secondsOf } from "../audio/pcm.ts";
import type { Interruption } from "./manifest.ts";
import { positionInWords } from "./time-words.ts";

/** One sentence for an interruption. */
export function interruptionLine({ fromSamples, toSamples, reason }: Interruption): string {
  const from = positionInWords(fromSamples);
  if (toSamples === undefined) return `Nobody can be heard since ${from}: ${reason}`;
  const seconds = secondsOf(toSamples - fromSamples).toFixed(1);
  return `Nobody could be heard from ${from} to ${positionInWords(toSamples)} (${seconds} s): ${reason}`;
}
