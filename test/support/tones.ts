/** Finding tones in audio: how loud one frequency is, and where it starts. */
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";

/** Amplitude of one frequency in a block (Goertzel): 1 for a full-scale sine. */
export function toneAmplitude(samples: Float64Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE);
  let previous = 0;
  let beforePrevious = 0;
  for (const sample of samples) {
    const current = sample + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = current;
  }
  const power = previous ** 2 + beforePrevious ** 2 - coefficient * previous * beforePrevious;
  return (2 * Math.sqrt(Math.max(power, 0))) / samples.length;
}

/** Root mean square of a block. */
export function rms(samples: Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** First and last sample louder than the threshold; undefined in silence. */
export function soundingSpan(
  samples: Float64Array,
  threshold = 0.02,
): { readonly first: number; readonly last: number } | undefined {
  const first = samples.findIndex((sample) => Math.abs(sample) > threshold);
  if (first < 0) return undefined;
  return { first, last: samples.findLastIndex((sample) => Math.abs(sample) > threshold) };
}

const WINDOW_SAMPLES = 960;

/**
 * Windows of 20 ms by what they hold: `tone` is this one at more than a tenth of full scale, `stray` anything else louder than
 * `threshold` (rms), be it beside the tone. The edges of a tone are stray too; noise is all along. Exact for multiples of 50 Hz.
 */
export function toneWindows(
  samples: Float64Array,
  hz: number,
  threshold = 0.03,
): { readonly tone: number; readonly stray: number } {
  let tone = 0;
  let stray = 0;
  for (let from = 0; from + WINDOW_SAMPLES <= samples.length; from += WINDOW_SAMPLES) {
    const window = samples.subarray(from, from + WINDOW_SAMPLES);
    const amplitude = toneAmplitude(window, hz);
    if (rms(window) ** 2 - amplitude ** 2 / 2 > threshold ** 2) stray++;
    else if (amplitude > 0.1) tone++;
  }
  return { tone, stray };
}

/** The first sample louder than the threshold within so many samples of a place; undefined in silence. */
export function onsetNear(
  samples: Float64Array,
  place: number,
  withinSamples: number,
  threshold = 0.02,
): number | undefined {
  const from = Math.max(0, Math.round(place - withinSamples));
  const found = samples
    .subarray(from, Math.round(place + withinSamples))
    .findIndex((sample) => Math.abs(sample) > threshold);
  return found < 0 ? undefined : from + found;
}
