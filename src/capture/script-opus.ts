/**
 * Opus in WebAssembly, for hosts without a compiler: opusscript's build of libopus, driven without its wrapper, which
 * doubles heap addresses and so fails from about the fifth decoder on (0.0.8). Lives on the capture thread.
 */
import type { createRequire } from "node:module";
import { opusPacketSamples } from "../audio/opus-packet.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";

/** `decode` gives interleaved s16le and throws at what is not Opus, like the native library's class. */
export type PacketDecoder = { decode(packet: Buffer): Buffer; delete?(): void };

type Handler = { _decode(input: number, length: number, output: number): number };
type Module = {
  /** Replaced whenever the heap grows: never keep them. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPU16: Uint16Array;
  _malloc(bytes: number): number;
  readonly OpusScriptHandler: {
    new (rate: number, channels: number, application: number): Handler;
    destroy_handler(handler: Handler): void;
  };
};

/** The longest packet its build accepts, and the longest duration it decodes: 60 ms. */
const MAX_PACKET_BYTES = 3_828;
const MAX_SAMPLES = 2_880;
const APPLICATION_AUDIO = 2_049;

/** Loads the module once; every decoder shares its two buffers, since decoding is synchronous. */
export function loadScriptOpus(
  require: ReturnType<typeof createRequire>,
): (channels: Channels) => PacketDecoder {
  const create = require("opusscript/build/opusscript_native_wasm.js") as () => Module;
  const module = create();
  const input = module._malloc(MAX_PACKET_BYTES);
  // It stores each byte of PCM in 16 bits.
  const output = module._malloc(MAX_SAMPLES * 2 * 2 * 2);
  return (channels) => new ScriptDecoder(module, channels, input, output);
}

class ScriptDecoder implements PacketDecoder {
  readonly #module: Module;
  readonly #channels: Channels;
  readonly #input: number;
  readonly #output: number;
  #handler: Handler | undefined;

  constructor(module: Module, channels: Channels, input: number, output: number) {
    this.#module = module;
    this.#channels = channels;
    this.#input = input;
    this.#output = output;
    this.#handler = new module.OpusScriptHandler(SAMPLE_RATE, channels, APPLICATION_AUDIO);
  }

  decode(packet: Buffer): Buffer {
    if (this.#handler === undefined) throw new Error("The decoder has been closed.");
    if (packet.length > MAX_PACKET_BYTES || opusPacketSamples(packet) > MAX_SAMPLES)
      throw new RangeError("The packet is too long for this build of Opus.");
    this.#module.HEAPU8.set(packet, this.#input);
    const samples = this.#handler._decode(this.#input, packet.length, this.#output);
    if (samples < 0) throw new Error(`Opus error ${samples}`);
    const first = this.#output / 2;
    return Buffer.from(this.#module.HEAPU16.subarray(first, first + samples * this.#channels * 2));
  }

  delete(): void {
    if (this.#handler !== undefined) this.#module.OpusScriptHandler.destroy_handler(this.#handler);
    this.#handler = undefined;
  }
}
