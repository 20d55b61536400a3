/** The main thread's handle of the recovery thread. */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { fromErrorData, RecorderError } from "../../errors.ts";
import { within } from "../../recordings/deadline.ts";
import type { LeftRecording, RecoveryOutcome, RecoveryStage } from "../../recordings/recovery-stage.ts";
import type { FromRecovery, ToRecovery } from "./protocol.ts";

/** A folder takes milliseconds; a disk that stalls for so long is not going to answer. */
const FOLDER_DEADLINE_MS = 300_000;
/** A folder that takes more ends this thread, and not the process that records. */
const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };

/**
 * Lives on the main thread. A thread of its own beside the writer's: a slow disk under old recordings must not keep the
 * writer from a new one. They never meet, since each folder belongs either to a dead process or to a living one. The
 * thread starts with the first folder.
 */
export class RecoveryThread implements RecoveryStage {
  #worker: Worker | undefined;
  /** Folders follow one another. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * Rejects with `E-DISK`, or with `E-RECOVERY` when it was closed before it was done, or the thread died over the same
   * folder twice.
   */
  recover(left: LeftRecording): Promise<RecoveryOutcome> {
    const attempt = () => within(this.#ask(left), FOLDER_DEADLINE_MS, "Recovering a recording");
    const turn = this.#last.then(attempt).catch((error: unknown) => {
      if (this.#closed || !(error instanceof RecorderError) || error.code !== "E-RECOVERY") throw error;
      // Begun anew it leaves the same bytes, so what killed the thread may be tried once more.
      this.#end();
      return attempt();
    });
    this.#last = turn.catch(() => this.#end());
    return turn;
  }

  /** Ends the thread in the middle of whatever it does: the next start begins anew and leaves the same bytes. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#end();
  }

  #ask(left: LeftRecording): Promise<RecoveryOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<RecoveryOutcome>();
    if (this.#closed) return Promise.reject(ended());
    const worker = (this.#worker ??= this.#start());
    const listeners = {
      message: (answer: FromRecovery) =>
        answer.kind === "done" ? resolve(answer.outcome) : reject(fromErrorData(answer.error)),
      error: (error: unknown) => reject(ended(error)),
      exit: () => reject(ended()),
    };
    for (const [event, listener] of Object.entries(listeners)) worker.once(event, listener);
    const message: ToRecovery = { kind: "recover", left };
    worker.postMessage(message);
    return promise.finally(() => {
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./recovery-worker.ts", import.meta.url), {
      name: "recovery",
      resourceLimits: LIMITS,
    });
    // Told to whoever waits; without a listener it would end the process.
    worker.on("error", () => {});
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    // A thread inside a stalled disk operation cannot even be ended: do not wait for it.
    worker.unref();
    void worker.terminate();
  }
}

function ended(cause?: unknown): RecorderError {
  return new RecorderError(
    "E-RECOVERY",
    "The recovery of a recording was broken off.",
    "Start again: it begins anew, and nothing of the recording is lost.",
    { cause },
  );
}
