import type { Channels } from "../audio/pcm.ts";
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import * as layout from "./slot-layout.ts";
import type { SlotViews } from "./slot-views.ts";

/** The frame at the head of the queue. One object, refilled by every `peek()`; valid until `release()`. */
export class Frame {
  recording = 0;
  track = 0;
  channels: Channels = 1;
  /** First sample's position on the recording's clock. */
  position = 0;
  /** Samples per channel. */
  samples = 0;
  byteLength = 0;
  /** Packets that end with this frame: 1 or 0. */
  packets = 0;
  readonly #views: SlotViews;
  #start = 0;

  constructor(views: SlotViews) {
    this.#views = views;
  }

  /** Whose voice it is. Allocates a bigint: ask once per track. */
  get userId(): bigint {
    return this.#views.longs[this.#start / 8 + layout.USER_ID_U64]!;
  }

  /** The samples as a view of shared memory. Allocates the view: `copyTo` is for the hot path. */
  get pcm(): Buffer {
    const from = this.#start + layout.SLOT_HEADER_BYTES;
    return this.#views.bytes.subarray(from, from + this.byteLength);
  }

  /** Copies the bytes `[from, to)` of the frame to `target` at `targetOffset`. */
  copyTo(target: Uint8Array, targetOffset: number, from: number, to: number): void {
    const pcm = this.#start + layout.SLOT_HEADER_BYTES;
    this.#views.bytes.copy(target, targetOffset, pcm + from, pcm + to);
  }

  /** For the consumer alone. */
  fill(slot: number): void {
    const { words, doubles } = this.#views;
    this.#start = slot * layout.SLOT_BYTES;
    const word = this.#start / 4;
    this.recording = words[word + layout.RECORDING_I32]!;
    this.track = words[word + layout.TRACK_I32]!;
    this.channels = words[word + layout.CHANNELS_I32] === 2 ? 2 : 1;
    this.byteLength = words[word + layout.PCM_BYTES_I32]!;
    this.packets = words[word + layout.PACKETS_I32]!;
    this.position = doubles[this.#start / 8 + layout.POSITION_F64]!;
    this.samples = this.byteLength / (this.channels * BYTES_PER_SAMPLE);
  }
}
