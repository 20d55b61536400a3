/** Sounds that can be found again to a fraction of a millisecond: short sweeps, another one for each speaker. Pure. */
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";

/** 6 ms: it fits into one packet with room for the codec's delay. */
export const CHIRP_SAMPLES = 288;

/** From and to, in Hz; none is like another one, so one speaker's is not taken for another's. */
const SWEEPS = [
  [1_500, 6_000],
  [6_000, 1_500],
  [3_000, 10_000],
  [10_000, 3_000],
] as const;

/** How many speakers can be told apart. */
export const VOICES = SWEEPS.length;

/** Louder than speech's background, which must stay below. */
const LOUD = 3_000;
const AMPLITUDE = 14_000;
/** A sound is searched for from this long before the first loud sample to this long after: 4 ms. */
const SEARCH_SAMPLES = 192;
/** Sounds are further apart than this: 50 ms. */
const HOLD_OFF_SAMPLES = 2_400;
/** Correlation coefficient: a chirp through Opus reaches 0.95, an echo made up by concealment stays below 0.6. */
const LIKENESS = 0.7;

/** The samples of a speaker's chirp, as 16-bit values. */
export function chirp(voice: number): Float64Array {
  const [from, to] = SWEEPS[voice % VOICES] ?? SWEEPS[0];
  return Float64Array.from({ length: CHIRP_SAMPLES }, (_, sample) => {
    const seconds = sample / SAMPLE_RATE;
    const rise = (to - from) / (CHIRP_SAMPLES / SAMPLE_RATE);
    const window = Math.sin((Math.PI * (sample + 0.5)) / CHIRP_SAMPLES) ** 2;
    return AMPLITUDE * window * Math.sin(2 * Math.PI * (from + (rise * seconds) / 2) * seconds);
  });
}

/** Where a speaker's chirps begin in a track, in samples, in order: loudness says where to look, correlation where. */
export function findChirps(track: Int16Array, voice: number): number[] {
  const template = chirp(voice);
  const found: number[] = [];
  for (let at = 0; at < track.length; at++) {
    if (Math.abs(track[at] ?? 0) < LOUD) continue;
    const best = bestMatch(track, template, at - SEARCH_SAMPLES - CHIRP_SAMPLES / 2, at + SEARCH_SAMPLES);
    if (best.likeness >= LIKENESS) found.push(best.position);
    at += HOLD_OFF_SAMPLES;
  }
  return found;
}

function bestMatch(track: Int16Array, template: Float64Array, from: number, to: number) {
  const energy = template.reduce((sum, value) => sum + value * value, 0);
  let best = { position: from, likeness: -1 };
  for (let position = Math.max(0, from); position <= to; position++) {
    let product = 0;
    let power = 0;
    for (let sample = 0; sample < template.length; sample++) {
      const value = track[position + sample] ?? 0;
      product += value * (template[sample] ?? 0);
      power += value * value;
    }
    const likeness = power === 0 ? 0 : product / Math.sqrt(power * energy);
    if (likeness > best.likeness) best = { position, likeness };
  }
  return best;
}
