import { NO_PACKETS } from "../recordings/counts.ts";
import type { TrackCounts } from "../recordings/counts.ts";

/** The ways a packet can end; see `recordings/counts.ts`. */
export type Outcome = "written" | "duplicate" | "padding" | "late" | "expired" | "rejected" | "dropped";

/**
 * Lives on the capture thread. Double entry for packets: each is admitted once and settled once, so that the books of
 * `recordings/counts.ts` balance by construction.
 */
export class PacketLedger {
  readonly #counts: { -readonly [Key in keyof TrackCounts]: TrackCounts[Key] } = { ...NO_PACKETS };

  /** The books as they stand; a live view. */
  get counts(): TrackCounts {
    return this.#counts;
  }

  /** A packet has come; it counts as held until it is settled. */
  admit(): void {
    this.#counts.received++;
    this.#counts.held++;
  }

  settle(outcome: Outcome): void {
    this.#counts.held--;
    this.#counts[outcome]++;
  }

  conceal(samples: number): void {
    this.#counts.concealedSamples += samples;
  }

  drop(samples: number): void {
    this.#counts.droppedSamples += samples;
  }

  /** Adds another ledger's counts to these. */
  absorb(other: TrackCounts): void {
    for (const key of Object.keys(this.#counts) as (keyof TrackCounts)[]) this.#counts[key] += other[key];
  }
}
