/** When the bot is killed: generated, and the same for the same seed. */
import type { SeededRandom } from "../capture/seeded-random.ts";

/**
 * What the bot is doing when it is killed:
 * - `start`: from `/record start` on, until it records. - `recording`: in the middle.
 * - `checkpoint`: about 5 s after the beginning, where the files grow and are forced to the disk.
 * - `finish`: from `/record stop` on. - `recovery`: killed before, it starts again and sees to what it left.
 */
export const PHASES = ["start", "recording", "checkpoint", "finish", "recovery"] as const;
export type Phase = (typeof PHASES)[number];

export type Kill = {
  readonly phase: Phase;
  /** How far into the phase, from 0 to 1. */
  readonly instant: number;
  /** Whether people stay in the channel, so that the next process goes on with the recording; otherwise it recovers it. */
  readonly peopleStay: boolean;
};

/** So many kills, each phase as often as the others, half of each with people who stay; in random order. */
export function planKills(count: number, random: SeededRandom): readonly Kill[] {
  const kills = Array.from({ length: count }, (_, index) => ({
    phase: PHASES[index % PHASES.length] ?? "recording",
    instant: random.next(),
    peopleStay: Math.floor(index / PHASES.length) % 2 === 0,
    order: random.next(),
  }));
  return kills
    .sort((a, b) => a.order - b.order)
    .map(({ phase, instant, peopleStay }) => ({ phase, instant, peopleStay }));
}
