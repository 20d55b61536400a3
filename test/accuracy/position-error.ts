/** How far from their places sounds are. Pure. */
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { findChirps } from "./chirps.ts";
import type { SaidChirp } from "./network.ts";

/** One speaker: what was said, and the track on which it is looked for. */
export type Listening = {
  readonly voice: number;
  readonly said: readonly SaidChirp[];
  readonly track: Int16Array;
};

/** Milliseconds. */
export type PositionError = {
  readonly sounds: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Between two people who chirped at the same instant, 99th percentile of all pairs; 0 where nobody did. */
  readonly apartMs: number;
  /** Not heard although the packet came. */
  readonly missing: number;
  /** Not heard because the packet never came. */
  readonly lost: number;
  /** Heard more than once, or at no place where anything was said. */
  readonly stray: number;
};

/** A sound further from its place than this is missing there; chirps are 1.5 s apart. */
const REACH_SAMPLES = 0.7 * SAMPLE_RATE;

/** @param delaySamples of the codec, from a clean stream; see `codecDelay` */
export function positionError(listenings: readonly Listening[], delaySamples: number): PositionError {
  const errors: number[] = [];
  const byInstant = new Map<number, number[]>();
  let missing = 0;
  let lost = 0;
  let stray = 0;
  for (const { voice, said, track } of listenings) {
    const heard = new Set(findChirps(track, voice).map((position) => position - delaySamples));
    for (const chirp of said) {
      const position = nearest(heard, chirp.position);
      if (position === undefined) {
        if (chirp.lost) lost++;
        else missing++;
        continue;
      }
      heard.delete(position);
      const error = ((position - chirp.position) / SAMPLE_RATE) * 1000;
      errors.push(Math.abs(error));
      byInstant.set(chirp.instant, [...(byInstant.get(chirp.instant) ?? []), error]);
    }
    stray += heard.size;
  }
  const apart = [...byInstant.values()].flatMap((together) =>
    together.flatMap((one, index) => together.slice(index + 1).map((other) => Math.abs(one - other))),
  );
  return {
    sounds: errors.length,
    medianMs: quantile(errors, 0.5),
    p99Ms: quantile(errors, 0.99),
    maxMs: quantile(errors, 1),
    apartMs: quantile(apart, 0.99),
    missing,
    lost,
    stray,
  };
}

/** Every error with its sign, in samples. */
export function signedErrors(listenings: readonly Listening[], delaySamples: number): number[] {
  return listenings.flatMap(({ voice, said, track }) => {
    const heard = new Set(findChirps(track, voice).map((position) => position - delaySamples));
    return said.flatMap(({ position }) => {
      const found = nearest(heard, position);
      return found === undefined ? [] : [found - position];
    });
  });
}

/** The smallest value that so large a share does not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function nearest(positions: ReadonlySet<number>, to: number): number | undefined {
  let best: number | undefined;
  for (const position of positions) {
    const distance = Math.abs(position - to);
    if (distance < REACH_SAMPLES && (best === undefined || distance < Math.abs(best - to))) best = position;
  }
  return best;
}
