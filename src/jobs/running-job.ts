import { toErrorData } from "../errors.ts";
import type { ErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { isJobName, parseJobData } from "./definitions.ts";
import { interrupted } from "./job-errors.ts";
import { PermanentFailure } from "./job-runner.ts";
import type { Processors } from "./job-runner.ts";

/**
 * Why a running job must stop: somebody cancelled it; its runner stops; its process ends by an exception that nobody
 * caught, of which it may be the cause; or the journal has given it to another runner, because this one was not heard of.
 */
export type StopReason = "cancelled" | "stopping" | "crashing" | "superseded";

/** The reason of a job's signal. */
export class JobStopped extends Error {
  override readonly name = "JobStopped";
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`The job was stopped: ${reason}.`);
    this.reason = reason;
  }
}

/** How one run of a job ended. One that succeeds in spite of its signal is done; one stopped by a crash has failed. */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "stopped"; readonly reason: Exclude<StopReason, "crashing"> }
  | { readonly kind: "failed"; readonly error: ErrorData; readonly permanent: boolean };

/** Lives on the main thread. One run of one job, from its begin to its outcome. */
export class RunningJob {
  readonly id: string;
  readonly #abort = new AbortController();
  #progress = 0;
  #stopReason: StopReason | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** 0 to 1. */
  get progress(): number {
    return this.#progress;
  }

  /** Gives the signal; only the first reason counts. */
  stop(reason: StopReason): void {
    if (this.#stopReason !== undefined) return;
    this.#stopReason = reason;
    this.#abort.abort(new JobStopped(reason));
  }

  /** Lets the processor do it. Never rejects. `name` and `data` come from a journal and are checked here. */
  async run(
    processors: Processors,
    job: { readonly name: string; readonly data: unknown; readonly attempt: number },
    log: Log,
  ): Promise<Outcome> {
    const jobLog = log.child({ job: this.id, attempt: job.attempt });
    try {
      if (!isJobName(job.name)) throw new PermanentFailure(new Error(`no processor for ${job.name}`));
      const data = checked(job.name, job.data);
      await processors[job.name](data, {
        signal: this.#abort.signal,
        progress: (fraction) => {
          if (Number.isFinite(fraction)) this.#progress = Math.min(1, Math.max(0, fraction));
        },
        attempt: job.attempt,
        log: jobLog,
      });
      return { kind: "done" };
    } catch (error) {
      if (this.#stopReason === "crashing") return { kind: "failed", error: interrupted(), permanent: false };
      if (this.#stopReason !== undefined) return { kind: "stopped", reason: this.#stopReason };
      const permanent = error instanceof PermanentFailure;
      return { kind: "failed", error: toErrorData(permanent ? error.cause : error), permanent };
    }
  }
}

function checked(name: Parameters<typeof parseJobData>[0], data: unknown): ReturnType<typeof parseJobData> {
  try {
    return parseJobData(name, data);
  } catch (error) {
    throw new PermanentFailure(error);
  }
}
