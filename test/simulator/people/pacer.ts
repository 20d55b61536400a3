import { performance } from "node:perf_hooks";

const FRAME_MS = 20;

/** Somebody with something to send. Called once per frame; `tick` counts them, without gaps. */
export interface Paced {
  tick(tick: number): void;
}

/**
 * Lives on the simulator's thread: one timer for everybody who speaks, on an absolute schedule. A late timer sends what
 * is due at once, as a stalled client does, so nobody ever drifts. The timer runs only while somebody speaks.
 */
export class Pacer {
  readonly #startMs: number;
  readonly #frameMs: number;
  readonly #speaking = new Set<Paced>();
  #nextTick = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param clockPpm how much faster the frames come than true time has it, in millionths
   * @param startMs where frames begin, on this process's clock; by default now
   */
  constructor(clockPpm = 0, startMs: number = performance.now()) {
    this.#startMs = startMs;
    this.#frameMs = FRAME_MS / (1 + clockPpm / 1e6);
  }

  add(paced: Paced): void {
    this.#speaking.add(paced);
    if (this.#timer !== undefined) return;
    // A schedule that stood still goes on at the next whole frame, on the same grid.
    this.#nextTick = Math.max(this.#nextTick, Math.ceil(this.#elapsedMs() / this.#frameMs));
    this.#arm();
  }

  remove(paced: Paced): void {
    this.#speaking.delete(paced);
    if (this.#speaking.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.#speaking.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  #arm(): void {
    const waitMs = Math.max(0, this.#nextTick * this.#frameMs - this.#elapsedMs());
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  #run(): void {
    while (this.#nextTick * this.#frameMs <= this.#elapsedMs()) {
      const tick = this.#nextTick++;
      for (const paced of this.#speaking) paced.tick(tick);
      if (this.#speaking.size === 0) return;
    }
    this.#arm();
  }
}
