/** Figures in words, for people. English, UTC. */
import { secondsOf } from "../audio/pcm.ts";
import type { ManifestTrack } from "../recordings/manifest.ts";
import { trimmed } from "../recordings/time-words.ts";

/** Largest absolute value of a 16-bit sample. */
const FULL_SCALE = 32_768;

/** ISO 8601, for `<time datetime>`: "PT3723S". */
export function durationForMachines(samples: number): string {
  return `PT${secondsOf(samples).toFixed(3)}S`;
}

/** "12.3 MB": decimal units, as browsers and file managers show a download. */
export function sizeInWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : trimmed(value)} ${units[unit] ?? ""}`;
}

const DATE = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

/** "21 November 2026 at 09:35 UTC". */
export function dateInWords(atMs: number): string {
  return `${DATE.format(atMs)} UTC`;
}

/**
 * How loud a track is, where that is known: its peak in dB below full scale, its loudness in LUFS. Empty for a track
 * without a sound.
 */
export function loudnessInWords(track: Pick<ManifestTrack, "peak" | "loudness">): string[] {
  const { peak, loudness } = track;
  const words: string[] = [];
  if (peak !== undefined && peak > 0) words.push(`peak ${decibels(20 * Math.log10(peak / FULL_SCALE))} dBFS`);
  if (loudness !== undefined) words.push(`${decibels(loudness.integratedLufs)} LUFS`);
  return words;
}

/** One decimal and a real minus sign. */
function decibels(value: number): string {
  const text = value.toFixed(1).replace("-0.0", "0.0");
  return text.replace("-", "\u2212");
}
