/** When nobody could be heard, in words for people: pure, plain text. */
import { secondsOf } from "../audio/pcm.ts";
import type { Interruption, Manifest } from "./manifest.ts";

/** Lines told before the rest is only counted. */
const MAX_LINES = 10;

/** One line for each interruption, in order; none where there was none. */
export function interruptionLines({ interruptions = [] }: Manifest): string[] {
  const lines = interruptions.slice(0, MAX_LINES).map(line);
  const more = interruptions.length - MAX_LINES;
  if (more > 0) lines.push(`Nobody could be heard ${more} more ${more === 1 ? "time" : "times"}.`);
  return lines;
}

function line({ fromSamples, toSamples, reason }: Interruption): string {
  const from = clock(fromSamples);
  if (toSamples === undefined) return `Nobody can be heard since ${from}: ${reason}`;
  const seconds = secondsOf(toSamples - fromSamples).toFixed(1);
  return `Nobody could be heard from ${from} to ${clock(toSamples)} (${seconds} s): ${reason}`;
}

/** "1:02:03.4" or "2:03.4", from the recording's beginning. */
function clock(samples: number): string {
  const tenths = Math.floor(secondsOf(samples) * 10);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const minutes = Math.floor(tenths / 600) % 60;
  const hours = Math.floor(tenths / 36_000);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}
