/** What a bad network does to the datagrams of one receiver. Shares are 0 to 1, times in ms. */
export type NetworkConditions = {
  /** The same seed spoils the same packets. */
  readonly seed: number;
  readonly loss?: number;
  /** Loss in runs, on top of `loss`. */
  readonly burstLoss?: BurstLoss;
  readonly duplicate?: number;
  /** Share of packets held back by `reorderMs`, so that later ones overtake them. */
  readonly reorder?: number;
  /** Default 50. */
  readonly reorderMs?: number;
  readonly delayMs?: number;
  /** Uniform, added to the delay. */
  readonly jitterMs?: number;
  /** Share of packets held back by `veryLateMs`: longer than any receiver waits for them. */
  readonly veryLate?: number;
  /** Default 400. */
  readonly veryLateMs?: number;
  /** Share of packets with one bit turned. */
  readonly corrupt?: number;
};

/** Two states, good and lossy (Gilbert 1960); in the lossy one every packet is lost. Chances per packet. */
export type BurstLoss = {
  readonly begins: number;
  /** Runs have a mean length of one divided by this. */
  readonly ends: number;
};

export type NetworkTotals = {
  passed: number;
  lost: number;
  /** Runs of loss begun. */
  bursts: number;
  duplicated: number;
  reordered: number;
  veryLate: number;
  corrupted: number;
};

/** Lives on the simulator's thread: a seeded bad network between the forwarding unit and one receiver. */
export class Netem {
  readonly totals: NetworkTotals = {
    passed: 0,
    lost: 0,
    bursts: 0,
    duplicated: 0,
    reordered: 0,
    veryLate: 0,
    corrupted: 0,
  };
  readonly #conditions: NetworkConditions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: number;
  #inBurst = false;

  constructor(conditions: NetworkConditions) {
    this.#conditions = conditions;
    this.#state = conditions.seed >>> 0;
  }

  /** Hands the datagram on: never, once or twice, now or later, whole or broken. */
  pass(datagram: Buffer, send: (datagram: Buffer) => void): void {
    const { loss, duplicate, reorder, reorderMs, delayMs, jitterMs, veryLate, veryLateMs, corrupt } =
      this.#conditions;
    if (this.#burstTakes() || this.#happens(loss)) {
      this.totals.lost++;
      return;
    }
    let delay = (delayMs ?? 0) + (jitterMs ?? 0) * this.#random();
    if (this.#happens(reorder)) {
      this.totals.reordered++;
      delay += reorderMs ?? 50;
    }
    if (this.#happens(veryLate)) {
      this.totals.veryLate++;
      delay += veryLateMs ?? 400;
    }
    if (this.#happens(corrupt)) {
      this.totals.corrupted++;
      const at = Math.floor(this.#random() * datagram.length);
      datagram.writeUInt8(datagram.readUInt8(at) ^ (1 << Math.floor(this.#random() * 8)), at);
    }
    const copies = this.#happens(duplicate) ? 2 : 1;
    if (copies === 2) this.totals.duplicated++;
    this.totals.passed++;
    for (let copy = 0; copy < copies; copy++) this.#later(delay, () => send(datagram));
  }

  /** Forgets datagrams on their way. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #burstTakes(): boolean {
    const { burstLoss } = this.#conditions;
    if (burstLoss === undefined) return false;
    if (this.#inBurst) {
      this.#inBurst = !this.#happens(burstLoss.ends);
    } else if (this.#happens(burstLoss.begins)) {
      this.#inBurst = true;
      this.totals.bursts++;
    }
    return this.#inBurst;
  }

  #later(delayMs: number, action: () => void): void {
    if (delayMs <= 0) return action();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #happens(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#random() < share;
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
