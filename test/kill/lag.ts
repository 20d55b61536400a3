/**
 * How long this process was kept waiting for the processor: a machine that is too busy for it is too busy for the bot
 * beside it, whose audio then waits in the kernel and is lost with a kill.
 */
export class Lag implements Disposable {
  static readonly #intervalMs = 10;
  readonly #timer: NodeJS.Timeout;
  readonly #late: { readonly atMs: number; readonly byMs: number }[] = [];
  #dueMs = performance.now() + Lag.#intervalMs;

  constructor() {
    this.#timer = setInterval(() => this.#look(), Lag.#intervalMs).unref();
  }

  /** The longest wait that ended since then, on the wall clock; 0 where there was none worth mentioning. */
  worstMs(sinceMs: number): number {
    return Math.max(0, ...this.#late.filter(({ atMs }) => atMs >= sinceMs).map(({ byMs }) => byMs));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    const byMs = nowMs - this.#dueMs;
    if (byMs > 2 * Lag.#intervalMs) this.#late.push({ atMs: Date.now(), byMs });
    this.#dueMs = nowMs + Lag.#intervalMs;
  }
}
