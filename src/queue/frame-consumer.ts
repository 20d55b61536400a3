import type { FrameQueueMemory } from "./frame-queue.ts";
import { Frame } from "./frame.ts";
import * as layout from "./slot-layout.ts";
import { SlotViews } from "./slot-views.ts";

/** Lives on the writer thread. The only one that takes frames out of the queue. */
export class FrameConsumer {
  readonly #views: SlotViews;
  readonly #frame: Frame;
  #head: number;
  #wakeSeen: number;

  constructor(memory: FrameQueueMemory) {
    this.#views = new SlotViews(memory);
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
