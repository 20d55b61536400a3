import type { ErrorData } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * The work after a recording: what every runner promises. Two keep the promises: `EmbeddedRunner` (journal in the
 * catalog's database, no service needed) and `BullRunner` (Redis). Both run a job at least once: a job whose process dies
 * is begun again by the next one, so processors must be repeatable.
 */

export type JobName = "finish" | "expire" | "archive";

/** Stands for all recordings in the data of a scheduled job, which belongs to none. */
export const EVERY_RECORDING = "*";

/** Plain JSON; checked by the schemas of `definitions.ts` wherever it enters a runner or leaves a journal. */
export type JobData = { readonly recordingId: string };

export type JobContext = {
  /** Aborts when the job is cancelled or its runner must stop; the processor then rejects soon, with `signal.reason`. */
  readonly signal: AbortSignal;
  /** How much is done, 0 to 1. Never waits, never throws; may be called often. */
  readonly progress: (fraction: number) => void;
  /** How often it has been begun, this time included: 1 at first. */
  readonly attempt: number;
  readonly log: Log;
};

/**
 * Does one job. Must be repeatable: killed in the middle and run again, it leaves the same bytes. A rejection is tried
 * again later, unless it is a `PermanentFailure`.
 */
export type Processor = (data: JobData, context: JobContext) => Promise<void>;

export type Processors = Readonly<Record<JobName, Processor>>;

export type JobState =
  /** Not begun, or to be begun again; it has been begun `attempt` times. */
  | { readonly kind: "waiting"; readonly attempt: number }
  /** A process works at it, or died doing so and another will begin it again. */
  | { readonly kind: "active"; readonly attempt: number; readonly progress: number }
  | { readonly kind: "done"; readonly endedAtMs: number }
  /** Tried as often as allowed, or failed for good; `error` is the last one. */
  | { readonly kind: "failed"; readonly endedAtMs: number; readonly error: ErrorData }
  | { readonly kind: "cancelled"; readonly endedAtMs: number };

export type EnqueueOptions = {
  /** De-duplicates. A letter, then letters, digits, `-` and `_`; default `<name>-<recordingId>`. */
  readonly id?: string;
  /** Not begun before this has passed; default 0. */
  readonly delayMs?: number;
  /** How often it is tried in all, default 5. The pauses between grow exponentially. */
  readonly attempts?: number;
  /** Runs a job that has ended (done, failed or cancelled) anew. One that waits or runs is left alone. */
  readonly again?: boolean;
};

export type JobRunner = {
  /** Resolves with the job's id once it is written down: from then on it survives this process. A known id is no second job. */
  enqueue(name: JobName, data: JobData, options?: EnqueueOptions): Promise<string>;
  /**
   * Runs `name` for `EVERY_RECORDING` at once, and again `everyMs` after each end, good or bad, under the id
   * `<name>-scheduled`; so never twice at a time. Asking again, as each start does, changes the interval. `cancel` ends it.
   */
  schedule(name: JobName, everyMs: number): Promise<void>;
  /** Undefined: never heard of, or so long ended that the history has forgotten it. */
  state(id: string): Promise<JobState | undefined>;
  /** A waiting job never begins, a running one gets its signal, in whichever process. False: there is none. */
  cancel(id: string): Promise<boolean>;
  /**
   * Begins no more jobs. Running ones get `timeoutMs` to end, then their signal; cut short like that, they wait for the
   * next start and the try counts for nothing, unless the process ends by an exception: then it counts as a failure, for
   * it may be the job that brings the process down. `enqueue` goes on working.
   */
  drain(timeoutMs: number): Promise<void>;
  /** Drains without patience and lets go of everything. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Thrown by a processor when trying again is in vain; its cause is what is reported. */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";

  constructor(cause: unknown) {
    super("This job cannot succeed.", { cause });
  }
}
