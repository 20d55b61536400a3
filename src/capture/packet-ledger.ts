import type { TrackCounts } from "../recordings/counts.ts";

/**
 * Where each figure stands in a ledger's memory. An outcome is how a packet ends; what `recordings/counts.ts` calls
 * rejected and expired is told apart here.
 */
const AT = {
  received: 0,
  written: 1,
  duplicate: 2,
  padding: 3,
  late: 4,
  dropped: 5,
  /** Expired: nobody had its key in time. */
  locked: 6,
  /** Expired: it waited in a thread that died. */
  abandoned: 7,
  forged: 8,
  malformed: 9,
  undecodable: 10,
  ahead: 11,
  concealedSamples: 12,
  droppedSamples: 13,
  lostSamples: 14,
} as const;

/** Figures of one ledger. */
export const LEDGER_LENGTH = 15;

/** The ways a packet can end. */
export type Outcome = Exclude<keyof typeof AT, "received" | `${string}Samples`>;

/**
 * Written on the capture thread alone. Each packet is admitted once and settled once, each by a single store; what is
 * held is the difference. So the books of `recordings/counts.ts` balance at any instant, even one at which the thread
 * dies. A packet costs some 50 ns in all, and nothing is allocated.
 */
export class PacketLedger {
  readonly #figures: Float64Array;

  /** @param figures memory of its own unless given: shared memory survives the thread. */
  constructor(figures: Float64Array = new Float64Array(LEDGER_LENGTH)) {
    this.#figures = figures;
  }

  get received(): number {
    return this.#read("received");
  }

  /** A packet has come; it is held until it is settled. */
  admit(): void {
    this.#figures[AT.received]! += 1;
  }

  settle(outcome: Outcome): void {
    this.#figures[AT[outcome]]! += 1;
  }

  conceal(samples: number): void {
    this.#figures[AT.concealedSamples]! += samples;
  }

  drop(samples: number): void {
    this.#figures[AT.droppedSamples]! += samples;
  }

  /** The network lost so many, and nothing made them up; negative when some have come after all. */
  lose(samples: number): void {
    this.#figures[AT.lostSamples]! += samples;
  }

  /** Adds another ledger's figures to these; what was received comes first, so that the rest counts as held meanwhile. */
  absorb(other: PacketLedger): void {
    for (let at = 0; at < LEDGER_LENGTH; at++) this.#figures[at]! += other.#figures[at]!;
  }

  /** Goes on from counts that an earlier process kept; what it held was never heard of again. */
  restore(counts: TrackCounts): void {
    const figures = this.#figures;
    for (const [figure, at] of Object.entries(AT))
      if (figure in counts) figures[at] = counts[figure as keyof typeof AT & keyof TrackCounts];
    figures[AT.locked] = counts.expired - counts.abandoned;
    this.abandonHeld();
  }

  /** Gives up what is held: the thread that held it is dead. */
  abandonHeld(): void {
    this.#figures[AT.abandoned]! += this.counts.held;
  }

  /** The books as they stand, as a copy. */
  get counts(): TrackCounts {
    const outcomes = {
      written: this.#read("written"),
      duplicate: this.#read("duplicate"),
      padding: this.#read("padding"),
      late: this.#read("late"),
      dropped: this.#read("dropped"),
    };
    const rejections = {
      forged: this.#read("forged"),
      malformed: this.#read("malformed"),
      undecodable: this.#read("undecodable"),
      ahead: this.#read("ahead"),
    };
    const abandoned = this.#read("abandoned");
    const expired = this.#read("locked") + abandoned;
    const rejected = sum(rejections);
    const { received } = this;
    return {
      received,
      ...outcomes,
      expired,
      abandoned,
      rejected,
      ...rejections,
      // Known to the writer alone.
      unwritten: 0,
      held: received - sum(outcomes) - expired - rejected,
      concealedSamples: this.#read("concealedSamples"),
      droppedSamples: this.#read("droppedSamples"),
      lostSamples: this.#read("lostSamples"),
      unwrittenSamples: 0,
    };
  }

  #read(figure: keyof typeof AT): number {
    return this.#figures[AT[figure]]!;
  }
}

function sum(figures: Readonly<Record<string, number>>): number {
  return Object.values(figures).reduce((total, figure) => total + figure, 0);
}
