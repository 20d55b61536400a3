/** Figures in words, for people. English, UTC. */
import { SAMPLE_RATE, secondsOf } from "../audio/pcm.ts";
import type { TrackCounts } from "../recordings/counts.ts";
import type { ManifestTrack } from "../recordings/manifest.ts";

/** Largest absolute value of a 16-bit sample. */
const FULL_SCALE = 32_768;

/** "1 h 2 min 3 s"; below a minute with one decimal, because short tests are short. */
export function durationInWords(samples: number): string {
  const seconds = secondsOf(samples);
  if (seconds < 60) return `${trimmed(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return `${hours > 0 ? `${hours} h ` : ""}${minutes} min ${whole % 60} s`;
}

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

/** Lost audio shorter than this is not heard as a gap (one frame). */
const NOTHING_SAMPLES = SAMPLE_RATE / 50;

/**
 * What is missing of a track, each as a sentence's fragment; empty when it is complete. Duplicates and padding are
 * nothing that anybody said; repaired audio is told apart from lost audio.
 */
export function missingInWords(counts: TrackCounts): string[] {
  const missing: string[] = [];
  if (counts.droppedSamples >= NOTHING_SAMPLES)
    missing.push(`${durationInWords(counts.droppedSamples)} lost because the recorder's disk was too slow`);
  else if (counts.dropped > 0)
    missing.push(`${packets(counts.dropped)} lost because the recorder's disk was too slow`);
  if (counts.late > 0) missing.push(`${packets(counts.late)} arrived too late to be placed`);
  // Nothing may be held once a recording has ended; if something is, it was not written.
  const unopened = counts.expired + counts.rejected + counts.held;
  if (unopened > 0) missing.push(`${packets(unopened)} could not be decrypted or decoded`);
  return missing;
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

/** What was made up in place of lost packets; undefined where nothing was. */
export function repairedInWords(counts: TrackCounts): string | undefined {
  return counts.concealedSamples === 0
    ? undefined
    : `${durationInWords(counts.concealedSamples)} repaired after packets were lost on the network`;
}

function packets(count: number): string {
  return count === 1 ? "1 packet (20 ms)" : `${count} packets (${trimmed(count / 50)} s)`;
}

/** At most one decimal, none where it is zero; two below 1, so that a little is not nothing. */
function trimmed(value: number): string {
  return String(Number(value.toFixed(value < 1 ? 2 : 1)));
}
