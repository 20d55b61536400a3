/** Positions and durations in words, for people: pure. */
import { SAMPLE_RATE, secondsOf } from "../audio/pcm.ts";

/** What positions are told in. */
const TENTH_SAMPLES = SAMPLE_RATE / 10;

/** The position that `positionInWords` tells of. */
export function tenthBelow(samples: number): number {
  return Math.floor(samples / TENTH_SAMPLES) * TENTH_SAMPLES;
}

/** The position to tell of as the end of what lies before this one. */
export function nextTenth(samples: number): number {
  return Math.ceil(samples / TENTH_SAMPLES) * TENTH_SAMPLES;
}

/** "1:02:03.4" or "2:03.4", from the recording's beginning. */
export function positionInWords(samples: number): string {
  const tenths = Math.floor(samples / TENTH_SAMPLES);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const minutes = Math.floor(tenths / 600) % 60;
  const hours = Math.floor(tenths / 36_000);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** "1 h 2 min 3 s"; below a minute with one decimal, because short tests are short. */
export function durationInWords(samples: number): string {
  const seconds = secondsOf(samples);
  if (seconds < 60) return `${trimmed(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return `${hours > 0 ? `${hours} h ` : ""}${minutes} min ${whole % 60} s`;
}

/** At most one decimal, none where it is zero; two below 1, so that a little is not nothing. */
export function trimmed(value: number): string {
  return String(Number(value.toFixed(value < 1 ? 2 : 1)));
}
