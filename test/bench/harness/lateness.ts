/** How well the load kept its schedule: what makes a run valid. Pure. */
import type { SentFrame } from "../../simulator/person.ts";
import { quantile } from "./statistics.ts";

/** Milliseconds. */
export type Lateness = { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };

const SAMPLES_PER_MS = 48;

/** Nothing is sent early, so each speaker's earliest packet, by its own timestamps, tells where the schedule is. */
export function latenessOf(speakers: readonly (readonly SentFrame[])[]): Lateness {
  const late: number[] = [];
  for (const sent of speakers) {
    const first = sent[0]?.timestamp ?? 0;
    const offsets = sent.map(
      ({ sentAtMs, timestamp }) => sentAtMs - ((timestamp - first) | 0) / SAMPLES_PER_MS,
    );
    const schedule = offsets.reduce((least, offset) => Math.min(least, offset), Infinity);
    for (const offset of offsets) late.push(offset - schedule);
  }
  return { p50Ms: quantile(late, 0.5), p99Ms: quantile(late, 0.99), maxMs: quantile(late, 1) };
}
