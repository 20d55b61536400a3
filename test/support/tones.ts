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
