import type { FrameQueueMemory } from "./frame-queue.ts";

/** What both sides of the queue see of its shared memory; see `slot-layout.ts`. */
export class SlotViews {
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
