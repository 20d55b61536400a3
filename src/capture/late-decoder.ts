/** Decodes packets that come after others which follow them. */
import type { Channels } from "../audio/pcm.ts";
import type { OpusCodec, OpusDecoder } from "./decoder.ts";

/** Packets remembered, so that a late one can be decoded behind those before it: 2.5 s, about 40 KB. */
const KEPT = 128;
/**
 * How many packets a decoder hears before it is trusted, and may be behind before a new one is made. Speech decoded by a
 * fresh decoder is 6 dB from what it should be, after three packets 22 dB, after five 38 dB.
 */
const WARM_UP_PACKETS = 5;

/** Lives on the capture thread, one per segment: beside the decoder of what comes in time. */
export class LateDecoder {
  readonly #channels: Channels;
  readonly #codec: OpusCodec;
  readonly #sequences = new Float64Array(KEPT).fill(-1);
  readonly #packets: Buffer[] = [];
  #decoder: OpusDecoder | undefined;
  /** What the decoder has not heard yet. */
  #next = 0;

  constructor(channels: Channels, codec: OpusCodec) {
    this.#channels = channels;
    this.#codec = codec;
  }

  /** Keeps an Opus packet for those that come later but belong behind it. Allocates nothing. */
  remember(sequence: number, opus: Buffer): void {
    this.#sequences[sequence % KEPT] = sequence;
    this.#packets[sequence % KEPT] = opus;
  }

  /** As `OpusDecoder.decode`, after those of the packets before it that are known. About 150 µs, 25 µs within a run. */
  decode(sequence: number, opus: Buffer): Buffer | undefined {
    const goesOn = sequence >= this.#next && sequence - this.#next <= WARM_UP_PACKETS;
    if (this.#decoder === undefined || !goesOn) {
      this.close();
      this.#decoder = this.#codec.create(this.#channels);
      this.#next = sequence - WARM_UP_PACKETS;
    }
    for (; this.#next < sequence; this.#next++) {
      const before = this.#packets[this.#next % KEPT];
      if (before !== undefined && this.#sequences[this.#next % KEPT] === this.#next)
        this.#decoder.decode(before);
    }
    this.#next = sequence + 1;
    this.remember(sequence, opus);
    return this.#decoder.decode(opus);
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }
}
