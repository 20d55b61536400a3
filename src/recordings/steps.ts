import { toErrorData } from "../errors.ts";
import type { ErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "./deadline.ts";

export type Attempt<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData };

/** Steps that must not stop the ones after them: each is bounded in time, its failure logged here, never thrown. */
export class Steps {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** For a step whose failure the recording must know of. `what` begins the sentence about a time-out. */
  async attempt<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<Attempt<T>> {
    try {
      return { ok: true, value: await within(promise, timeoutMs, what) };
    } catch (error) {
      this.#log.error({ err: error, step: what }, "a step of the recording failed");
      return { ok: false, error: toErrorData(error) };
    }
  }

  /** For a step whose failure changes nothing for the recording. */
  async quietly(what: string, timeoutMs: number, promise: Promise<unknown>): Promise<void> {
    try {
      await within(promise, timeoutMs, what);
    } catch (error) {
      this.#log.warn({ err: error, step: what }, "a lesser step of the recording failed");
    }
  }
}
