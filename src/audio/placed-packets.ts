/** Where the packets placed lately lie, by sequence number, to find the room of one that comes late. Pure; fixed size. */

/** About ten seconds of speech, 20 KB. */
const KEPT = 512;

/** A packet's stretch of the recording, in samples; ends exclusive. */
export type Placement = {
  readonly sequence: number;
  readonly timestamp: number;
  /** Duration by its timestamps. */
  readonly samples: number;
  /** Discord's silence frame: a talkspurt ended with it. */
  readonly silent: boolean;
  readonly start: number;
  readonly end: number;
};

type Writable = { -readonly [Key in keyof Placement]: Placement[Key] };

export class PlacedPackets {
  /** Objects are made once and overwritten. */
  readonly #kept = Array.from<Writable | undefined>({ length: KEPT });

  add(packet: Omit<Placement, "start" | "end">, start: number, end: number): void {
    const slot = packet.sequence % KEPT;
    const kept = this.#kept[slot];
    const { sequence, timestamp, samples, silent } = packet;
    if (kept === undefined) {
      this.#kept[slot] = { sequence, timestamp, samples, silent, start, end };
      return;
    }
    kept.sequence = sequence;
    kept.timestamp = timestamp;
    kept.samples = samples;
    kept.silent = silent;
    kept.start = start;
    kept.end = end;
  }

  /** The nearest packet with a smaller sequence number, if it is remembered; valid until the next `add`. */
  before(sequence: number): Placement | undefined {
    for (let at = sequence - 1; at > sequence - KEPT && at >= 0; at--) {
      const kept = this.#kept[at % KEPT];
      if (kept?.sequence === at) return kept;
    }
    return undefined;
  }

  /** The nearest packet with a larger sequence number, if it is remembered; valid until the next `add`. */
  after(sequence: number): Placement | undefined {
    for (let at = sequence + 1; at < sequence + KEPT; at++) {
      const kept = this.#kept[at % KEPT];
      if (kept?.sequence === at) return kept;
    }
    return undefined;
  }
}
