import type { Channels } from "../audio/pcm.ts";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../audio/pcm.ts";
import type { FrameQueueMemory } from "./frame-queue.ts";
import * as layout from "./slot-layout.ts";
import { SlotViews } from "./slot-views.ts";

/** Taking back more than this per offer would make one offer slow after a long stall. */
const RECLAIM_PER_OFFER = 64;

/** Lives on the capture thread. The only one that puts frames into the queue. */
export class FrameProducer {
  readonly #views: SlotViews;
  /** Used slots that are free, the warmest on top. Rebuilt from the ring, so a producer's death loses no slot. */
  readonly #free: Int32Array;
  #freeCount = 0;
  #tail: number;
  /** Frames up to here were taken and their slots are in `#free` again. */
  #reclaimed: number;
  #touched: number;

  constructor(memory: FrameQueueMemory) {
    this.#views = new SlotViews(memory);
    const { control, ring, mask } = this.#views;
    this.#free = new Int32Array(memory.slotCount);
    this.#tail = Atomics.load(control, layout.TAIL_WORD);
    this.#reclaimed = Atomics.load(control, layout.HEAD_WORD);
    this.#touched = Atomics.load(control, layout.TOUCHED_WORD);

    const busy = new Uint8Array(memory.slotCount);
    for (let at = this.#reclaimed; at !== this.#tail; at = (at + 1) | 0) busy[ring[at & mask]!] = 1;
    for (let slot = this.#touched - 1; slot >= 0; slot--) {
      if (busy[slot] === 0) this.#free[this.#freeCount++] = slot;
    }
  }

  /**
   * Copies a frame into the queue, or refuses it (`false`, counted) when every slot is busy. Never waits.
   * `pcm` holds interleaved s16 little-endian samples from `byteOffset` on, at most 960 per channel; `position` is the
   * first sample's. `packets`: 1 with the last frame of a packet, 0 with the others and with what was made up. Throws RangeError for a frame that no slot can hold: the caller's mistake. About 0.5 µs.
   */
  offer(
    recording: number,
    track: number,
    userId: bigint,
    channels: Channels,
    position: number,
    pcm: Uint8Array,
    byteOffset: number,
    byteLength: number,
    packets = 1,
  ): boolean {
    const blockAlign = channels * BYTES_PER_SAMPLE;
    if (byteLength > FRAME_SAMPLES * blockAlign || byteLength % blockAlign !== 0 || byteLength <= 0) {
      throw new RangeError(`A frame of ${byteLength} bytes in ${channels} channels fits no slot.`);
    }
    if (byteOffset < 0 || byteOffset + byteLength > pcm.byteLength) {
      throw new RangeError("The frame lies outside its buffer.");
    }
    const { control, ring, bytes, words, doubles, longs, mask } = this.#views;

    const slot = this.#takeSlot();
    if (slot < 0) {
      Atomics.add(control, layout.REFUSED_WORD, 1);
      return false;
    }
    const start = slot * layout.SLOT_BYTES;
    longs[start / 8 + layout.USER_ID_U64] = userId;
    doubles[start / 8 + layout.POSITION_F64] = position;
    const word = start / 4;
    words[word + layout.RECORDING_I32] = recording;
    words[word + layout.TRACK_I32] = track;
    words[word + layout.CHANNELS_I32] = channels;
    words[word + layout.PCM_BYTES_I32] = byteLength;
    words[word + layout.PACKETS_I32] = packets;
    Buffer.prototype.copy.call(
      pcm,
      bytes,
      start + layout.SLOT_HEADER_BYTES,
      byteOffset,
      byteOffset + byteLength,
    );

    ring[this.#tail & mask] = slot;
    this.#tail = (this.#tail + 1) | 0;
    // This store publishes everything above; the consumer reads the tail before it reads anything else.
    Atomics.store(control, layout.TAIL_WORD, this.#tail);
    return true;
  }

  /** Tail after the last accepted frame, the `fence` of a close. Wraps at 32 bits. */
  get tail(): number {
    return this.#tail;
  }

  /** Frames accepted and not yet taken. */
  get queuedFrames(): number {
    return (this.#tail - Atomics.load(this.#views.control, layout.HEAD_WORD)) | 0;
  }

  /** A free slot, used ones first; -1 when all are busy. */
  #takeSlot(): number {
    const { control, ring, mask } = this.#views;
    const head = Atomics.load(control, layout.HEAD_WORD);
    // The ring entries behind the head tell which slots came free: the way back needs no ring of its own.
    for (let count = 0; count < RECLAIM_PER_OFFER && this.#reclaimed !== head; count++) {
      this.#free[this.#freeCount++] = ring[this.#reclaimed & mask]!;
      this.#reclaimed = (this.#reclaimed + 1) | 0;
    }
    if (this.#freeCount > 0) return this.#free[--this.#freeCount]!;
    if (this.#touched > mask) return -1;
    const slot = this.#touched++;
    Atomics.store(control, layout.TOUCHED_WORD, this.#touched);
    return slot;
  }
}
