/** What a segment asks of a decoder, whichever library is behind it. Lives on the capture thread. */
import type { Channels } from "../audio/pcm.ts";
import type { ConcealmentStep } from "./concealment.ts";

export type OpusDecoder = {
  /** Interleaved s16le of one packet; undefined when it is not Opus. Never throws. About 25 µs. */
  decode(packet: Buffer): Buffer | undefined;
  /** Goes on from what came before, in place of a lost packet; undefined when nothing came before. Never throws. */
  conceal(samples: ConcealmentStep): Buffer | undefined;
  /** How much directly before this packet, which is still to be decoded, `recoverBefore` can bring back; mostly 0. */
  recoverableBefore(next: Buffer): number;
  /** The lost frame before this packet, from the packet's FEC, when what was lost before that has been made up. */
  recoverBefore(next: Buffer): Buffer | undefined;
  /** Gives the decoder back; it may serve another segment then. */
  close(): void;
};

/** A way to make decoders, and its name for the log. */
export type OpusCodec = { readonly name: string; create(channels: Channels): OpusDecoder };
