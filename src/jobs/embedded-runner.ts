import type { Log } from "../log.ts";
import type { Catalog } from "../recordings/catalog.ts";
import type { FileLock } from "../recordings/file-lock.ts";
import { DEFAULT_ATTEMPTS, DEFAULT_BACK_OFF_MS, HISTORY_JOBS, pauseMs, TICK_MS } from "./back-off.ts";
import { jobIdOf, parseJobData, scheduledId } from "./definitions.ts";
import { interrupted, parseJson } from "./job-errors.ts";
import { EVERY_RECORDING } from "./job-runner.ts";
import type { EnqueueOptions, JobData, JobName, JobRunner, JobState, Processors } from "./job-runner.ts";
import { lockJournal } from "./journal-lock.ts";
import { Journal } from "./journal.ts";
import type { JobRow } from "./journal.ts";
import { RunningJob } from "./running-job.ts";
import type { Outcome } from "./running-job.ts";
import { RunningJobs } from "./running-jobs.ts";

export type EmbeddedRunnerOptions = {
  readonly catalog: Catalog;
  /** Undefined: this process only enqueues, asks and cancels; another one works. */
  readonly processors: Processors | undefined;
  /** How many jobs run at a time. */
  readonly concurrency: number;
  readonly log: Log;
  /** The pause after a job's first failure. */
  readonly backOffMs?: number;
  /** How many ended jobs are remembered. */
  readonly historyJobs?: number;
  /** Whether the process ends by an exception: nothing is begun then, and what runs when it stops has failed. */
  readonly crashing: () => boolean;
};

/** How long after a journal's error it is asked again. */
const JOURNAL_RETRY_MS = 1_000;

/**
 * Lives on the main thread. Runs jobs without any service: their journal is a table of the catalog. Other processes on the
 * same data directory may enqueue and cancel; one alone works. Jobs it finds begun at its start belonged to a process that
 * died, and are begun anew at once.
 */
export class EmbeddedRunner implements JobRunner {
  readonly #journal: Journal;
  readonly #lock: FileLock | undefined;
  readonly #options: EmbeddedRunnerOptions;
  readonly #running = new RunningJobs();
  #stopping = false;
  #closing: Promise<void> | undefined;
  /** For what is due before the next tick. */
  #timer: NodeJS.Timeout | undefined;
  #ticks: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #pumpAgain = false;

  private constructor(options: EmbeddedRunnerOptions, lock: FileLock | undefined) {
    this.#options = options;
    this.#lock = lock;
    this.#journal = new Journal(options.catalog.database);
  }

  /** Begins work at once. Rejects with `E-JOBS-RUNNING` when another process works at these jobs. */
  static async start(options: EmbeddedRunnerOptions): Promise<EmbeddedRunner> {
    if (options.processors === undefined) return new EmbeddedRunner(options, undefined);
    const lock = lockJournal(options.catalog.directory);
    const runner = new EmbeddedRunner(options, lock);
    try {
      const { repeated, failed } = await runner.#journal.recover(Date.now());
      if (repeated > 0) options.log.warn({ repeated }, "jobs were interrupted by a crash");
      for (const job of failed) options.log.error({ job, code: interrupted().code }, "a job failed");
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
    // Another process may enqueue or cancel at any time, and its call does not reach this one: look now and then.
    runner.#ticks = setInterval(() => void runner.#tick(), TICK_MS);
    runner.#pump();
    return runner;
  }

  async enqueue(name: JobName, data: JobData, options: EnqueueOptions = {}): Promise<string> {
    const checked = parseJobData(name, data);
    const id = jobIdOf(name, checked, options.id);
    const dueAtMs = Date.now() + (options.delayMs ?? 0);
    const attempts = options.attempts ?? DEFAULT_ATTEMPTS;
    await this.#journal.add(
      { id, name, data: checked, dueAtMs, everyMs: null, attempts },
      options.again ?? false,
    );
    this.#pump();
    return id;
  }

  async schedule(name: JobName, everyMs: number): Promise<void> {
    const id = scheduledId(name);
    const data = parseJobData(name, { recordingId: EVERY_RECORDING });
    const now = Date.now();
    await this.#journal.changeInterval(id, everyMs, now + everyMs);
    await this.#journal.add(
      { id, name, data, dueAtMs: now, everyMs, attempts: Number.MAX_SAFE_INTEGER },
      true,
    );
    this.#pump();
  }

  async state(id: string): Promise<JobState | undefined> {
    const state = await this.#journal.state(id);
    const progress = this.#running.get(id)?.progress;
    return state?.kind === "active" && progress !== undefined ? { ...state, progress } : state;
  }

  async cancel(id: string): Promise<boolean> {
    const was = await this.#journal.cancel(id, Date.now());
    if (was === "active") this.#running.get(id)?.stop("cancelled");
    return was !== undefined;
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    await this.#pumping;
    clearTimeout(this.#timer);
    const { crashing, log } = this.#options;
    await this.#running.end(timeoutMs, crashing() ? "crashing" : "stopping", log);
    clearInterval(this.#ticks);
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.drain(0).then(() => this.#lock?.[Symbol.dispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Begins what is due and may run, and sees to being called again. Never throws. */
  #pump(): void {
    const { processors, crashing } = this.#options;
    // What began in a process that is ending by an exception would be blamed for it.
    if (processors === undefined || this.#stopping || crashing()) return;
    if (this.#pumping !== undefined) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumpAgain = false;
    this.#pumping = this.#beginDue(processors)
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, "the journal of jobs cannot be read; trying again");
      })
      .finally(() => {
        this.#pumping = undefined;
        if (this.#pumpAgain) this.#pump();
      });
  }

  async #beginDue(processors: Processors): Promise<void> {
    while (!this.#stopping && this.#running.size < this.#options.concurrency) {
      const now = Date.now();
      const dueAtMs = await this.#journal.nextDueAtMs();
      if (dueAtMs === undefined) return;
      if (dueAtMs > now) {
        clearTimeout(this.#timer);
        if (dueAtMs < now + TICK_MS) this.#timer = setTimeout(() => this.#pump(), dueAtMs - now);
        return;
      }
      const row = await this.#journal.claim(now);
      if (row === undefined) return;
      const job = new RunningJob(row.id);
      this.#running.add(job, this.#work(job, row, processors));
    }
  }

  /** Notes progress, hears of cancellations by other processes, and begins what they enqueued. Never rejects. */
  async #tick(): Promise<void> {
    for (const job of this.#running.list()) {
      try {
        if (await this.#journal.tick(job.id, job.progress)) job.stop("cancelled");
      } catch (error) {
        this.#options.log.debug({ err: error }, "a job's progress cannot be noted");
      }
    }
    this.#pump();
  }

  async #work(job: RunningJob, row: JobRow, processors: Processors): Promise<void> {
    const { log } = this.#options;
    const outcome = await job.run(
      processors,
      { name: row.name, data: parseJson(row.data), attempt: row.begun },
      log,
    );
    // A full disk must not make an ended job run again and again: its end is noted as soon as that is possible.
    for (;;) {
      try {
        await this.#settle(row, outcome);
        break;
      } catch (error) {
        log.error({ job: row.id, err: error }, "a job's end cannot be noted; trying again");
        if (this.#stopping) break;
        await new Promise((resolve) => setTimeout(resolve, JOURNAL_RETRY_MS));
      }
    }
    // In a task of its own: by then the job has left `#running`.
    setImmediate(() => this.#pump());
  }

  async #settle(row: JobRow, outcome: Outcome): Promise<void> {
    const { log, backOffMs = DEFAULT_BACK_OFF_MS, historyJobs = HISTORY_JOBS } = this.#options;
    const { id, failures } = row;
    const nowMs = Date.now();
    if (outcome.kind === "failed") {
      const { error } = outcome;
      const tries = failures + 1;
      const fields = { job: id, tries, code: error.code, detail: error.detail || error.message };
      if (row.every_ms === null && !outcome.permanent && tries < row.attempts) {
        const pause = pauseMs(tries, backOffMs);
        log.warn({ ...fields, pauseMs: pause }, "a job failed and will be tried again");
        return this.#journal.putBack(id, { nowMs, pauseMs: pause, failures: tries, error });
      }
      log.error(fields, "a job failed");
    }
    if (outcome.kind === "stopped" && outcome.reason !== "cancelled")
      return this.#journal.putBack(id, { nowMs, pauseMs: 0, failures });
    if (outcome.kind !== "stopped" && row.every_ms !== null) return this.#journal.nextTurn(id, nowMs);
    if (outcome.kind === "failed") await this.#journal.end(id, "failed", nowMs, outcome.error);
    else await this.#journal.end(id, outcome.kind === "done" ? "done" : "cancelled", nowMs);
    await this.#journal.prune(historyJobs);
  }
}
