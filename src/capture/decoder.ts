/** Opus → PCM, one decoder per segment: native where it loads, else WebAssembly. Lives on the capture thread. */
import { createRequire } from "node:module";
import { messageOf } from "../errors.ts";
import type { Channels } from "../audio/pcm.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { ConcealmentStep } from "./concealment.ts";
import { DecoderPool } from "./decoder-pool.ts";
import type { NativeDecoder } from "./decoder-pool.ts";
import type { FecLibrary } from "./fec-library.ts";
import type { OpusCodec, OpusDecoder } from "./opus-decoder.ts";
import { RecoveringDecoder } from "./recovering-decoder.ts";
import { loadScriptOpus } from "./script-opus.ts";
import type { PacketDecoder } from "./script-opus.ts";

type NativeModule = { readonly OpusEncoder: new (rate: number, channels: number) => NativeDecoder };

/** First bytes of packets of one frame of these samples (RFC 6716 §3.1); their mode does not count, the last one's does. */
const CONFIG_BY_STEP = { 120: 28 << 3, 240: 29 << 3, 480: 30 << 3, 960: 31 << 3 } as const;
const STEREO_BIT = 0x04;

/**
 * Loads the best decoder there is. `reason` says why the native one is not in use.
 *
 * @param fec brings lost frames back where their senders provide for it; without, they are made up.
 */
export function loadOpusCodec(
  only?: "@discordjs/opus" | "opusscript",
  fec?: FecLibrary,
): OpusCodec & { readonly reason: string | undefined } {
  const complete = (decoder: PacketDecoder, channels: Channels): OpusDecoder => {
    const guarded = new GuardedDecoder(decoder);
    return fec === undefined ? guarded : new RecoveringDecoder(guarded, fec, channels);
  };
  const require = createRequire(import.meta.url);
  let reason: string | undefined;
  if (only !== "opusscript") {
    try {
      const { OpusEncoder } = require("@discordjs/opus") as NativeModule;
      const pool = new DecoderPool((channels) => new OpusEncoder(SAMPLE_RATE, channels));
      return {
        name: "@discordjs/opus",
        reason,
        create: (channels) => complete(pool.take(channels), channels),
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
    create: (channels) => complete(createDecoder(channels), channels),
  };
}

/** Keeps the two libraries from throwing at, or reading nothing out of, hostile packets. */
class GuardedDecoder implements OpusDecoder {
  readonly #decoder: PacketDecoder;
  /** A packet without a frame: libopus makes up as much as its one byte says (`opus_decode_frame`, empty payload). */
  readonly #emptyPacket = Buffer.alloc(1);
  #lastToc: number | undefined;

  constructor(decoder: PacketDecoder) {
    this.#decoder = decoder;
  }

  decode(packet: Buffer): Buffer | undefined {
    const toc = packet[0];
    if (toc === undefined) return undefined;
    const pcm = this.#decode(packet);
    if (pcm !== undefined) this.#lastToc = toc;
    return pcm;
  }

  conceal(samples: ConcealmentStep): Buffer | undefined {
    if (this.#lastToc === undefined) return undefined;
    this.#emptyPacket[0] = CONFIG_BY_STEP[samples] | (this.#lastToc & STEREO_BIT);
    return this.#decode(this.#emptyPacket);
  }

  recoverableBefore(): number {
    return 0;
  }

  recoverBefore(): undefined {
    return undefined;
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
