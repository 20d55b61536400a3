/**
 * The queue between the capture thread and the writer thread: a bounded pool of slots in shared memory.
 *
 * - **One producer, one consumer.** Each may live on any one thread; neither may be used by two. A second object on
 *   the same memory is right only after the first one's thread has ended: it goes on where that one stopped.
 * - **Offering never waits**, takes no lock, wakes nobody and allocates nothing: it copies the samples once and stores
 *   one index. The consumer polls (every 20 ms); a notify per frame would cost ten times the push.
 * - **Full refuses the newest frame** and counts it; the caller counts it for its track. Nothing accepted is ever
 *   overwritten, so a refusal is one gap of exactly that frame's length.
 * - **Order**: frames are taken in the order they were accepted. A frame is taken at `release()`: a consumer that dies
 *   before that leaves it to the next one (at least once; a positional write does not mind the repetition).
 * - **What may be stale**: `queuedFrames` and the counters are a moment old when another thread reads them. The
 *   producer may see a slot free late, never early.
 * - **Memory** is reserved at once and touched lazily: a slot is taken into use only when all used ones are busy, so
 *   what the process really holds follows the largest number of frames that ever waited, 3,904 bytes each.
 *
 * Counters wrap at 32 bits (a fence stays valid for 2^31 frames, ten days of 100 speakers without a pause).
 */
import type { Channels } from "../audio/pcm.ts";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../audio/pcm.ts";
import * as layout from "./slot-layout.ts";

/** The queue's shared memory; pass it to workers as it is. */
export type FrameQueueMemory = {
  readonly slotCount: number;
  readonly control: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
};

/** Reserves the memory of a queue. `slots` is a power of two: 50 frames per second and speaker. */
export function createFrameQueueMemory(slots: number): FrameQueueMemory {
  if (!Number.isInteger(slots) || slots < 2 || slots > 2 ** 19 || (slots & (slots - 1)) !== 0) {
    throw new RangeError(`The number of slots must be a power of two from 2 to 524288, not ${slots}.`);
  }
  return {
    slotCount: slots,
    control: new SharedArrayBuffer(layout.CONTROL_BYTES),
    ring: new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT),
    slots: new SharedArrayBuffer(slots * layout.SLOT_BYTES),
  };
}

/** Wakes the consumer for a control message, posted before this call. Never per frame. Any thread may call it. */
export function wakeConsumer(memory: FrameQueueMemory): void {
  const control = new Int32Array(memory.control);
  Atomics.add(control, layout.WAKE_WORD, 1);
  Atomics.notify(control, layout.WAKE_WORD);
}

/** How the queue stands, for metrics: any thread may ask, the figures are a moment old. */
export type QueueLevels = {
  /** Frames accepted and not yet taken. */
  readonly queuedFrames: number;
  /** Frames refused since the memory was made. */
  readonly refusedFrames: number;
  /** Most frames that ever waited at once; times 3,904 it is the memory in use. */
  readonly highWaterFrames: number;
};

/** Reads the levels of a queue. */
export function queueLevels(memory: FrameQueueMemory): QueueLevels {
  const control = new Int32Array(memory.control);
  const head = Atomics.load(control, layout.HEAD_WORD);
  return {
    queuedFrames: (Atomics.load(control, layout.TAIL_WORD) - head) | 0,
    refusedFrames: Atomics.load(control, layout.REFUSED_WORD) >>> 0,
    highWaterFrames: Atomics.load(control, layout.TOUCHED_WORD),
  };
}

/** What both sides see of the shared memory. */
class Views {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly ring: Int32Array<SharedArrayBuffer>;
  readonly bytes: Buffer<SharedArrayBuffer>;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly doubles: Float64Array<SharedArrayBuffer>;
  readonly longs: BigUint64Array<SharedArrayBuffer>;
  /** Turns a wrapping counter into an index of the ring. */
  readonly mask: number;

  constructor(memory: FrameQueueMemory) {
    this.control = new Int32Array(memory.control);
    this.ring = new Int32Array(memory.ring);
    this.bytes = Buffer.from(memory.slots);
    this.words = new Int32Array(memory.slots);
    this.doubles = new Float64Array(memory.slots);
    this.longs = new BigUint64Array(memory.slots);
    this.mask = memory.slotCount - 1;
  }
}

/** Taking back more than this per offer would make one offer slow after a long stall. */
const RECLAIM_PER_OFFER = 64;

/** Lives on the capture thread. The only one that puts frames into the queue. */
export class FrameProducer {
  readonly #views: Views;
  /** Used slots that are free, the warmest on top. Rebuilt from the ring, so a producer's death loses no slot. */
  readonly #free: Int32Array;
  #freeCount = 0;
  #tail: number;
  /** Frames up to here were taken and their slots are in `#free` again. */
  #reclaimed: number;
  #touched: number;

  constructor(memory: FrameQueueMemory) {
    this.#views = new Views(memory);
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
  readonly #views: Views;
  #start = 0;

  constructor(views: Views) {
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

/** Lives on the writer thread. The only one that takes frames out of the queue. */
export class FrameConsumer {
  readonly #views: Views;
  readonly #frame: Frame;
  #head: number;
  #wakeSeen: number;

  constructor(memory: FrameQueueMemory) {
    this.#views = new Views(memory);
    this.#frame = new Frame(this.#views);
    this.#head = Atomics.load(this.#views.control, layout.HEAD_WORD);
    this.#wakeSeen = Atomics.load(this.#views.control, layout.WAKE_WORD);
  }

  /** The next frame, if any. The same one again until `release()`. Allocates nothing. */
  peek(): Frame | undefined {
    const { control, ring, mask } = this.#views;
    if (Atomics.load(control, layout.TAIL_WORD) === this.#head) return undefined;
    this.#frame.fill(ring[this.#head & mask]!);
    return this.#frame;
  }

  /** Takes the frame that `peek()` gave: its slot goes back to the producer. */
  release(): void {
    const { control } = this.#views;
    if (Atomics.load(control, layout.TAIL_WORD) === this.#head) return;
    this.#head = (this.#head + 1) | 0;
    Atomics.store(control, layout.HEAD_WORD, this.#head);
  }

  /** Whether everything accepted before the tail stood at `fence` has been taken. */
  reached(fence: number): boolean {
    return ((this.#head - fence) | 0) >= 0;
  }

  /** Sleeps until `wakeConsumer()` or the timeout. Returns at once if it was woken since the last call. */
  wait(timeoutMs: number): void {
    const { control } = this.#views;
    Atomics.wait(control, layout.WAKE_WORD, this.#wakeSeen, timeoutMs);
    this.#wakeSeen = Atomics.load(control, layout.WAKE_WORD);
  }
}
