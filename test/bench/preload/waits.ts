import { createHistogram } from "node:perf_hooks";
import { percentiles } from "./figures.ts";
import type { Percentiles } from "./figures.ts";

/** Code is compiled while it runs for the first time. */
const WARM_UP_MS = 3_000;

/** How long something took, from three seconds after the first one on. */
export class Waits {
  readonly #histogram = createHistogram();
  #beganMs: number | undefined;

  record(milliseconds: number): void {
    const nowMs = performance.now();
    this.#beganMs ??= nowMs;
    if (nowMs - this.#beganMs < WARM_UP_MS) return;
    this.#histogram.record(Math.max(1, Math.round(milliseconds * 1e6)));
  }

  /** How many, and how long they took in milliseconds. */
  get figures(): { readonly packets: number; readonly ms: Percentiles } {
    return { packets: this.#histogram.count, ms: percentiles(this.#histogram, 1e6) };
  }
}
