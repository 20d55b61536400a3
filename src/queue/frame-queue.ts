/**
 * The queue between the capture thread and the writer thread: a bounded pool of slots in shared memory. `frame-producer.ts`
 * puts frames in, `frame-consumer.ts` takes them out.
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
