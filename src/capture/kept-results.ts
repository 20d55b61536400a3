import type { CaptureResult, RecordingHandle } from "../recordings/stages.ts";

const KEPT = 16;

/** Lives on the main thread. The results of the recordings that ended last: a stop may be repeated. */
export class KeptResults {
  /** The oldest first. */
  readonly #results = new Map<RecordingHandle, CaptureResult>();

  get(handle: RecordingHandle): CaptureResult | undefined {
    return this.#results.get(handle);
  }

  keep(handle: RecordingHandle, result: CaptureResult): void {
    this.#results.set(handle, result);
    const [oldest] = this.#results.keys();
    if (this.#results.size > KEPT && oldest !== undefined) this.#results.delete(oldest);
  }
}
