import type { Channels } from "../audio/pcm.ts";
import type { PacketDecoder } from "./script-opus.ts";

/** The native library's class, as far as we need it. */
export type NativeDecoder = {
  decode(packet: Buffer): Buffer;
  /** `opus_decoder_ctl`; throws at an unknown request. */
  applyDecoderCTL(request: number, value: number): void;
};

/** `OPUS_RESET_STATE` (opus_defines.h): as new, bit for bit. 0.4 µs; a new decoder takes 39. */
const RESET_STATE = 4_028;
/** Idle decoders kept for each count of channels; 50 KB each. */
const MAX_IDLE = 64;

/**
 * Lives on the capture thread. Decoders of the native library, used again: the library frees them only when the garbage
 * collector happens to find their small handles, and a day of senders that come and go is hundreds of megabytes.
 */
export class DecoderPool {
  readonly #create: (channels: Channels) => NativeDecoder;
  readonly #idle: { readonly [Key in Channels]: NativeDecoder[] } = { 1: [], 2: [] };

  constructor(create: (channels: Channels) => NativeDecoder) {
    this.#create = create;
  }

  /** A decoder in its first state. Giving it back is its `delete`. */
  take(channels: Channels): PacketDecoder {
    const idle = this.#idle[channels];
    return new PooledDecoder(idle.pop() ?? this.#create(channels), idle);
  }
}

class PooledDecoder implements PacketDecoder {
  #decoder: NativeDecoder | undefined;
  readonly #idle: NativeDecoder[];

  constructor(decoder: NativeDecoder, idle: NativeDecoder[]) {
    this.#decoder = decoder;
    this.#idle = idle;
  }

  decode(packet: Buffer): Buffer {
    if (this.#decoder === undefined) throw new Error("The decoder has been closed.");
    return this.#decoder.decode(packet);
  }

  delete(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    if (decoder === undefined || this.#idle.length >= MAX_IDLE) return;
    decoder.applyDecoderCTL(RESET_STATE, 0);
    this.#idle.push(decoder);
  }
}
