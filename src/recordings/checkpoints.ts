import type { Log } from "../log.ts";

/**
 * Lives on the main thread. Writes the manifest while a recording runs: soon after a change, and at an interval for the
 * counts. Never two writes at once, so an older manifest cannot overtake a newer one.
 */
export class Checkpoints {
  readonly #write: () => Promise<void>;
  readonly #settleMs: number;
  readonly #intervalMs: number;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: {
    readonly write: () => Promise<void>;
    readonly settleMs: number;
    readonly intervalMs: number;
    readonly log: Log;
  }) {
    this.#write = options.write;
    this.#settleMs = options.settleMs;
    this.#intervalMs = options.intervalMs;
    this.#log = options.log;
  }

  /** Something changed: write before long. */
  soon(): void {
    this.#schedule(this.#settleMs);
  }

  /** Something changed that must not wait: resolves when a write that began after this call has ended. */
  async now(): Promise<void> {
    await this.#writing;
    if (!this.#stopped) await this.#run();
  }

  /** No write begins after this; resolves when the last one has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  #schedule(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (this.#stopped || dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#run(), delayMs).unref();
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#dueMs = Infinity;
    if (this.#writing === undefined) {
      this.#writing = this.#write().catch((error: unknown) => {
        // The audio goes on: a manifest that is a little old costs names and counts, nothing else.
        this.#log.warn({ err: error }, "the manifest could not be written");
      });
      await this.#writing;
      this.#writing = undefined;
      this.#schedule(this.#intervalMs);
    } else {
      this.#schedule(this.#settleMs);
    }
  }
}
