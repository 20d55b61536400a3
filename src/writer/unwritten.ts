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
