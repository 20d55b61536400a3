/** Opus → PCM, one decoder per segment: native where it loads, else WebAssembly. Lives on the capture thread. */
import { createRequire } from "node:module";
import { messageOf } from "../errors.ts";
import type { Channels } from "../audio/pcm.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import { loadScriptOpus } from "./script-opus.ts";
import type { PacketDecoder } from "./script-opus.ts";

export type OpusDecoder = {
  /** Interleaved s16le of one packet; undefined when it is not Opus. Never throws. About 25 µs. */
  decode(packet: Buffer): Buffer | undefined;
  /** 20 ms made up from what came before, in place of a lost packet; undefined when nothing came before. */
  conceal(): Buffer | undefined;
  close(): void;
};

/** A way to make decoders, and its name for the log. */
export type OpusCodec = { readonly name: string; create(channels: Channels): OpusDecoder };

type NativeModule = { readonly OpusEncoder: new (rate: number, channels: number) => PacketDecoder };

/** Loads the best decoder there is. `reason` says why the native one is not in use. */
export function loadOpusCodec(
  only?: "@discordjs/opus" | "opusscript",
): OpusCodec & { readonly reason: string | undefined } {
  const require = createRequire(import.meta.url);
  let reason: string | undefined;
  if (only !== "opusscript") {
    try {
      const { OpusEncoder } = require("@discordjs/opus") as NativeModule;
      return {
        name: "@discordjs/opus",
        reason,
        create: (channels) => new GuardedDecoder(new OpusEncoder(SAMPLE_RATE, channels)),
      };
    } catch (error) {
      if (only !== undefined) throw error;
      // Optional by design: a host without a compiler has no native build.
      reason = messageOf(error);
    }
  }
  const createDecoder = loadScriptOpus(require);
  return {
    name: "opusscript",
    reason,
    create: (channels) => new GuardedDecoder(createDecoder(channels)),
  };
}

/** Keeps the two libraries from throwing at, or reading nothing out of, hostile packets. */
class GuardedDecoder implements OpusDecoder {
  readonly #decoder: PacketDecoder;
  /** One byte: a packet without a frame makes libopus conceal 20 ms. */
  readonly #concealment = Buffer.alloc(1);
  #started = false;

  constructor(decoder: PacketDecoder) {
    this.#decoder = decoder;
  }

  decode(packet: Buffer): Buffer | undefined {
    const toc = packet[0];
    if (toc === undefined) return undefined;
    const pcm = this.#decode(packet);
    if (pcm !== undefined) {
      this.#concealment[0] = toc & 0xfc;
      this.#started = true;
    }
    return pcm;
  }

  conceal(): Buffer | undefined {
    return this.#started ? this.#decode(this.#concealment) : undefined;
  }

  close(): void {
    this.#decoder.delete?.();
  }

  #decode(packet: Buffer): Buffer | undefined {
    try {
      const pcm = this.#decoder.decode(packet);
      return pcm.length === 0 ? undefined : pcm;
    } catch {
      // Not Opus: the caller counts it as rejected.
      return undefined;
    }
  }
}
