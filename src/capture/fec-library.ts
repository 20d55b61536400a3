/**
 * libopus in WebAssembly, for what neither decoder of Discord's libraries can do: bring a lost frame back from the in-band
 * FEC of the packet after it. Lives on the capture thread.
 */
import { messageOf } from "../errors.ts";
import type { Channels } from "../audio/pcm.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type * as libopus from "libopus-wasm";
import type { DecodeOptions, OpusDecoderHandle } from "libopus-wasm";
import type { ConcealmentStep } from "./concealment.ts";

type Library = Pick<typeof libopus, "createDecoder" | "isOpusError" | "loadLibopus">;

/** Loaded in the background: 50 ms and 12 MB. Without it lost frames are concealed only. */
export class FecLibrary {
  /** Why there is no FEC, once it has loaded or failed to; undefined when there is. Never rejects. */
  readonly ready: Promise<string | undefined>;
  readonly #failure = Promise.withResolvers<string>();
  #broken = false;
  #library: Library | undefined;

  /** @param load where the library comes from. */
  constructor(load: () => Promise<Library> = () => import("libopus-wasm")) {
    this.ready = this.#load(load);
  }

  /** Something happened that libopus has no error for; its memory is not trusted any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Resolves with the reason, once, when it cannot be loaded or has broken; never otherwise. */
  get failed(): Promise<string> {
    return this.#failure.promise;
  }

  /** A decoder, as soon as the library has loaded; undefined when it cannot. Never rejects. 20 µs, 40 KB. */
  async create(channels: Channels): Promise<FecDecoder | undefined> {
    await this.ready;
    if (this.#library === undefined || this.#broken) return undefined;
    try {
      const { createDecoder } = this.#library;
      return new FecDecoder(await createDecoder({ channels, sampleRate: SAMPLE_RATE }), this);
    } catch (error) {
      this.#break(error);
      return undefined;
    }
  }

  /** Tells what a decoder threw: an error of libopus says that the packet is not Opus, anything else is a fault. */
  judge(error: unknown): void {
    if (this.#library?.isOpusError(error) !== true) this.#break(error);
  }

  #break(error: unknown): void {
    this.#broken = true;
    this.#failure.resolve(messageOf(error));
  }

  async #load(load: () => Promise<Library>): Promise<string | undefined> {
    try {
      const library = await load();
      await library.loadLibopus();
      this.#library = library;
      return undefined;
    } catch (error) {
      this.#break(error);
      return messageOf(error);
    }
  }
}

/** One sender's state. Nothing here throws: undefined is what cannot be decoded, and all there is once the library broke. */
export class FecDecoder {
  readonly #decoder: OpusDecoderHandle;
  readonly #library: FecLibrary;

  constructor(decoder: OpusDecoderHandle, library: FecLibrary) {
    this.#decoder = decoder;
    this.#library = library;
  }

  /** Interleaved s16le. About 1.3 times the native decoder's time. */
  decode(packet: Buffer): Buffer | undefined {
    return this.#decode(packet);
  }

  conceal(samples: ConcealmentStep): Buffer | undefined {
    return this.#decode(null, { frameSize: samples });
  }

  /** The frame directly before a packet, whose FEC covers so many samples. The packet itself is decoded afterwards. */
  recover(packet: Buffer, samples: number): Buffer | undefined {
    return this.#decode(packet, { decodeFec: true, frameSize: samples });
  }

  close(): void {
    if (!this.#library.broken) this.#decoder.free();
  }

  #decode(packet: Buffer | null, options?: DecodeOptions): Buffer | undefined {
    if (this.#library.broken) return undefined;
    try {
      const pcm = this.#decoder.decode(packet, options);
      return pcm.length === 0 ? undefined : Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    } catch (error) {
      this.#library.judge(error);
      return undefined;
    }
  }
}
