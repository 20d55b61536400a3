/** Opus for what tests say and hear: the native library where it was built, else opusscript, as for the recorder. */
import { createRequire } from "node:module";
import type OpusScript from "opusscript";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Channels } from "../../src/audio/pcm.ts";

type Coder = {
  /** Of interleaved s16le, 20 ms. */
  encode(pcm: Buffer): Buffer;
  decode(packet: Buffer): Buffer;
  setBitrate(bitsPerSecond: number): void;
};

export type OpusCoder = Coder & Disposable;

type NativeModule = { readonly OpusEncoder: new (rate: number, channels: number) => Coder };

/** `OPUS_SET_BITRATE` (opus_defines.h). */
const SET_BITRATE = 4_002;

const require = createRequire(import.meta.url);
const native = loadNative();

/** Whether the native library was built here. */
export const hasNativeOpus = native !== undefined;

/** What a recorder may find on a machine like this one. */
export const CODEC_NAMES = hasNativeOpus
  ? (["@discordjs/opus", "opusscript"] as const)
  : (["opusscript"] as const);

/** Opusscript works with a few at once only: dispose of them. */
export function opusCoder(channels: Channels): OpusCoder {
  if (native !== undefined)
    return Object.assign(new native.OpusEncoder(SAMPLE_RATE, channels), { [Symbol.dispose]: () => {} });
  const Script = require("opusscript") as typeof OpusScript;
  const script = new Script(SAMPLE_RATE, channels, Script.Application.AUDIO);
  const blockBytes = 2 * channels;
  return {
    encode: (pcm) => script.encode(pcm, pcm.length / blockBytes),
    decode: (packet) => script.decode(packet),
    setBitrate: (bitsPerSecond) => script.encoderCTL(SET_BITRATE, bitsPerSecond),
    [Symbol.dispose]: () => script.delete(),
  };
}

function loadNative(): NativeModule | undefined {
  try {
    return require("@discordjs/opus") as NativeModule;
  } catch {
    return undefined;
  }
}
