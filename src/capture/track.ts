import type { FrameProducer } from "../queue/frame-producer.ts";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import type { RecordingHandle } from "../recordings/stages.ts";
import { Hearing } from "./hearing.ts";
import type { TrackAccount } from "./track-account.ts";
import { Turns } from "./turns.ts";

/** What all tracks of a recording share. */
export type TrackOutlet = {
  readonly producer: FrameProducer;
  readonly handle: RecordingHandle;
  readonly channels: Channels;
  /** Called once per track, when its person is heard for the first time. */
  readonly onHeard: (track: Track, position: number) => void;
};

/** Lives on the capture thread. One person in one recording: their number, books and way into the queue. */
export class Track {
  readonly userId: string;
  readonly account: TrackAccount;
  /** Whether their speech can be opened, over all their segments. */
  readonly hearing = new Hearing();
  readonly turns: Turns;
  /** Position after the last sample offered. */
  endPosition = 0;
  readonly #outlet: TrackOutlet;
  readonly #userNumber: bigint;
  /** @param account where its number and books are kept; a restarted thread finds them there. */
  constructor(account: TrackAccount, outlet: TrackOutlet) {
    this.account = account;
    this.userId = account.userId;
    this.turns = new Turns(outlet.channels);
    this.#outlet = outlet;
    this.#userNumber = BigInt(account.userId);
  }

  /** From 1 in the order of being heard; 0 before. */
  get number(): number {
    return this.account.track;
  }

  /** Makes sure that the track has a number. */
  heardAt(position: number): void {
    if (this.number === 0) this.#outlet.onHeard(this, position);
  }

  /** Offers silence for a span; what of it lies before position 0 is left out. */
  offerSilence(from: number, to: number): void {
    const start = Math.max(0, from);
    const sampleBytes = this.#outlet.channels * BYTES_PER_SAMPLE;
    if (to > start) this.offer(start, Buffer.alloc((to - start) * sampleBytes), 0);
  }

  /**
   * Offers interleaved PCM in frames of at most 20 ms. What lies before position 0 is cut off. Returns the samples that
   * the full queue refused.
   *
   * @param packets how many packets this is: 1, or 0 for what was made up. Rides on the last frame, so that the writer
   * can tell packets, and only where all of them were accepted.
   */
  offer(position: number, pcm: Buffer, packets: 0 | 1): number {
    const { producer, handle, channels } = this.#outlet;
    const blockBytes = channels * BYTES_PER_SAMPLE;
    const samples = pcm.length / blockBytes;
    let refused = 0;
    for (let from = Math.max(0, -position); from < samples; from += FRAME_SAMPLES) {
      const count = Math.min(FRAME_SAMPLES, samples - from);
      const accepted = producer.offer(
        handle,
        this.number,
        this.#userNumber,
        channels,
        position + from,
        pcm,
        from * blockBytes,
        count * blockBytes,
        refused === 0 && from + count === samples ? packets : 0,
      );
      if (!accepted) refused += count;
    }
    this.endPosition = Math.max(this.endPosition, position + samples);
    return refused;
  }
}
