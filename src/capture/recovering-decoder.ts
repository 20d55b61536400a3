import { opusFecSamples } from "../audio/opus-packet.ts";
import type { Channels } from "../audio/pcm.ts";
import type { ConcealmentStep } from "./concealment.ts";
import type { OpusDecoder } from "./opus-decoder.ts";
import type { FecDecoder, FecLibrary } from "./fec-library.ts";

/** As many packets bring a decoder that never heard a sender where one is that heard all; with 4 FEC is 8 dB worse. */
const WARM_UP_PACKETS = 8;

/**
 * Lives on the capture thread. Decodes natively until the first hole whose next packet carries FEC. There a decoder
 * that understands FEC is told the last packets, takes over and keeps the sender: what comes after a recovered frame
 * builds on it, and only the decoder that recovered it can go on from there.
 */
export class RecoveringDecoder implements OpusDecoder {
  readonly #plain: OpusDecoder;
  readonly #library: FecLibrary;
  readonly #channels: Channels;
  /** The last packets, in a ring, until the other decoder takes over. */
  readonly #recent: Buffer[] = [];
  #decoded = 0;
  #state: "plain" | "standing-by" | "taken-over" | "closed" = "plain";
  #fec: FecDecoder | undefined;

  constructor(plain: OpusDecoder, library: FecLibrary, channels: Channels) {
    this.#plain = plain;
    this.#library = library;
    this.#channels = channels;
  }

  decode(packet: Buffer): Buffer | undefined {
    const fec = this.#takenOver();
    if (fec !== undefined) {
      const pcm = fec.decode(packet);
      if (pcm !== undefined || !this.#library.broken) return pcm;
    }
    const pcm = this.#plain.decode(packet);
    if (pcm === undefined) return undefined;
    this.#recent[this.#decoded++ % WARM_UP_PACKETS] = packet;
    if (this.#state === "plain" && opusFecSamples(packet) > 0) void this.#standBy();
    return pcm;
  }

  conceal(samples: ConcealmentStep): Buffer | undefined {
    return (this.#takenOver() ?? this.#plain).conceal(samples);
  }

  recoverableBefore(next: Buffer): number {
    const samples = opusFecSamples(next);
    if (samples === 0) return 0;
    if (this.#state === "standing-by" && this.#fec !== undefined) this.#takeOver(this.#fec);
    return this.#takenOver() === undefined ? 0 : samples;
  }

  recoverBefore(next: Buffer): Buffer | undefined {
    return this.#takenOver()?.recover(next, opusFecSamples(next));
  }

  close(): void {
    this.#state = "closed";
    this.#plain.close();
    this.#fec?.close();
    this.#fec = undefined;
    this.#recent.length = 0;
  }

  #takenOver(): FecDecoder | undefined {
    return this.#state === "taken-over" && !this.#library.broken ? this.#fec : undefined;
  }

  /** Asks for the other decoder at the first packet with FEC: it is there long before it is needed. */
  async #standBy(): Promise<void> {
    this.#state = "standing-by";
    const fec = await this.#library.create(this.#channels);
    if (this.#state === "standing-by") this.#fec = fec;
    else fec?.close();
  }

  /** About 0.3 ms, once for a sender. */
  #takeOver(fec: FecDecoder): void {
    const count = this.#recent.length;
    for (let age = count; age > 0; age--) {
      const packet = this.#recent[(this.#decoded - age) % WARM_UP_PACKETS];
      if (packet !== undefined) fec.decode(packet);
    }
    this.#recent.length = 0;
    this.#state = "taken-over";
  }
}
