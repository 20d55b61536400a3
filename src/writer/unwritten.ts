import type { UnwrittenTrack } from "../recordings/stages.ts";

/** Lives on the writer thread. Frames of one track that came out of the queue and are in no file. */
export class Unwritten {
  readonly userId: string;
  packets = 0;
  missingSamples = 0;
  fromSamples = Infinity;
  toSamples = 0;

  constructor(userId: string) {
    this.userId = userId;
  }

  /** Counts what lies in `[from, to)`, and the packets that end in it. */
  add(packets: number, from: number, to: number): void {
    this.packets += packets;
    this.missingSamples += to - from;
    this.fromSamples = Math.min(this.fromSamples, from);
    this.toSamples = Math.max(this.toSamples, to);
  }

  /** As it is told to the main thread. */
  told(track: number): UnwrittenTrack {
    const { userId, packets, missingSamples, fromSamples, toSamples } = this;
    return { track, userId, packets, missingSamples, fromSamples, toSamples };
  }
}

/** Lives on the writer thread. The same of all tracks of one recording; each is known as soon as anything of it came. */
export class UnwrittenTracks {
  readonly #tracks = new Map<number, Unwritten>();

  of(track: number, userId: bigint | string): Unwritten {
    let unwritten = this.#tracks.get(track);
    if (unwritten === undefined) {
      unwritten = new Unwritten(String(userId));
      this.#tracks.set(track, unwritten);
    }
    return unwritten;
  }

  /** Of those of which something is missing. */
  get told(): readonly UnwrittenTrack[] {
    return [...this.#tracks]
      .filter(([, { missingSamples }]) => missingSamples > 0)
      .map(([track, unwritten]) => unwritten.told(track));
  }
}
