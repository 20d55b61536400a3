import { DelayedError, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import { HISTORY_JOBS, MAX_INTERRUPTIONS, pauseMs, TICK_MS } from "./back-off.ts";
import { payloadOf, STALLED } from "./bull-job.ts";
import type { BullJob, BullQueue, Payload } from "./bull-job.ts";
import { interrupted } from "./job-errors.ts";
import type { Processors } from "./job-runner.ts";
import { RunningJob } from "./running-job.ts";
import type { Outcome } from "./running-job.ts";
import { RunningJobs } from "./running-jobs.ts";

export type BullWorkerOptions = {
  readonly queue: BullQueue;
  readonly redis: Redis;
  readonly prefix: string;
  readonly processors: Processors;
  readonly concurrency: number;
  readonly log: Log;
  readonly backOffMs: number;
  /** A process that is not heard of for so long counts as dead; another one begins its jobs anew. */
  readonly lockMs: number;
  readonly crashing: () => boolean;
  /** A scheduled job has ended that nobody cancelled: BullMQ gave it up, because its workers vanished too often. */
  readonly onScheduleLost: (name: string, everyMs: number) => void;
};

const CANCELLED = "cancelled";

/** How long the last commands may take when it closes. */
const CLOSE_MS = 5_000;

/** How long BullMQ waits to note a job's end in vain, before it tries again. */
const NOTE_RETRY_MS = 1_000;

/**
 * Lives on the main thread. The working half of the BullMQ runner. What BullMQ has no word for is done here: a running job
 * is cancelled through its data, and a scheduled job is one job that delays itself after each turn, because BullMQ's own
 * scheduler begins the next turn while the last one still runs.
 */
export class BullWorker {
  readonly #options: BullWorkerOptions;
  readonly #worker: Worker<Payload, null>;
  readonly #running = new RunningJobs();
  readonly #jobs = new WeakMap<RunningJob, BullJob>();
  readonly #ticks: NodeJS.Timeout;
  #ticking = false;
  #stopping: Promise<void> | undefined;
  readonly #toldToStop = Promise.withResolvers<void>();

  private constructor(options: BullWorkerOptions) {
    const { redis, prefix, concurrency, log, lockMs, backOffMs } = options;
    this.#options = options;
    this.#worker = new Worker<Payload, null>(
      options.queue.name,
      (job, token) => this.#process(job, token ?? ""),
      {
        connection: redis,
        prefix,
        concurrency,
        autorun: false,
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        maxStalledCount: MAX_INTERRUPTIONS,
        runRetryDelay: NOTE_RETRY_MS,
        removeOnComplete: { count: HISTORY_JOBS },
        removeOnFail: { count: HISTORY_JOBS },
        settings: { backoffStrategy: (failures) => pauseMs(failures, backOffMs) },
      },
    );
    this.#worker.on("error", (error) => logBullError(log, error));
    this.#worker.on("failed", (job, error) => {
      // Every other failure is told where the job ran.
      if (error.message === STALLED) log.error({ job: job?.id, code: interrupted().code }, "a job failed");
      const everyMs = job === undefined ? undefined : payloadOf(job).everyMs;
      if (job !== undefined && everyMs !== undefined && error.message !== CANCELLED)
        options.onScheduleLost(job.name, everyMs);
    });
    this.#worker.on("stalled", (job) => log.warn({ job }, "a job was interrupted by a crash"));
    this.#worker.on("lockRenewalFailed", (ids) => {
      for (const id of ids) this.#running.get(id)?.stop("superseded");
    });
    this.#ticks = setInterval(() => void this.#tick(), TICK_MS);
  }

  /** Begins work once Redis has answered. */
  static async start(options: BullWorkerOptions): Promise<BullWorker> {
    const worker = new BullWorker(options);
    await worker.#worker.waitUntilReady();
    worker.#worker.run().catch((error: unknown) => {
      options.log.error({ err: error }, "the worker of jobs has ended");
    });
    return worker;
  }

  /** The signal for a job that runs here; one that runs elsewhere hears of it at its next tick. */
  cancel(id: string): void {
    this.#running.get(id)?.stop("cancelled");
  }

  /** Begins no more jobs, ends the running ones (see `JobRunner.drain`), and lets go of Redis. */
  stop(timeoutMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(timeoutMs));
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { log, redis, crashing } = this.#options;
    this.#toldToStop.resolve();
    const force = redis.status !== "ready";
    // Closing comes first, since BullMQ's pause goes on waiting for a next job, and would take the very one put back
    // here. It lets running jobs end; without Redis it would wait for that too.
    if (force) await this.#worker.pause(true);
    const closed = force ? undefined : this.#worker.close();
    await this.#running.end(timeoutMs, crashing() ? "crashing" : "stopping", log);
    clearInterval(this.#ticks);
    try {
      await within(closed ?? this.#worker.close(true), CLOSE_MS, "closing the worker of jobs");
    } catch (error) {
      log.warn({ detail: messageOf(error) }, "the worker of jobs did not close in time");
    }
  }

  async #process(bullJob: BullJob, token: string): Promise<null> {
    const id = bullJob.id ?? "";
    // What began in a process that is ending by an exception would be blamed for it.
    if (this.#options.crashing()) await this.#toldToStop.promise;
    if (this.#stopping !== undefined) {
      // It was on its way here when the order to stop came.
      await bullJob.moveToWait(token);
      throw new WaitingError();
    }
    // Redis may have taken this very process for dead, and given the job back to it.
    await this.#running.stop(id, "superseded");
    const payload = payloadOf(bullJob);
    if (payload.cancelledAtMs !== undefined) throw new UnrecoverableError(CANCELLED);
    const job = new RunningJob(id);
    this.#jobs.set(job, bullJob);
    const { processors, log } = this.#options;
    const run = job.run(
      processors,
      { name: bullJob.name, data: payload.data, attempt: bullJob.attemptsStarted },
      log,
    );
    this.#running.add(
      job,
      run.then(() => undefined),
    );
    return this.#settle(bullJob, token, await run);
  }

  /** Says to BullMQ, in its way by what is returned or thrown, what becomes of the job. */
  async #settle(bullJob: BullJob, token: string, outcome: Outcome): Promise<null> {
    if (outcome.kind === "stopped") {
      if (outcome.reason === "cancelled") throw new UnrecoverableError(CANCELLED);
      if (outcome.reason === "stopping") await bullJob.moveToWait(token);
      // Superseded: it is another worker's by now, and nothing here may change it.
      throw new WaitingError();
    }
    const everyMs = payloadOf(bullJob).everyMs;
    if (outcome.kind === "failed") {
      const { error } = outcome;
      const tries = bullJob.attemptsMade + 1;
      const fields = { job: bullJob.id, tries, code: error.code, detail: error.detail || error.message };
      const again = everyMs === undefined && !outcome.permanent && tries < (bullJob.opts.attempts ?? 1);
      if (again) this.#options.log.warn(fields, "a job failed and will be tried again");
      else this.#options.log.error(fields, "a job failed");
      const text = JSON.stringify(error);
      if (everyMs === undefined) throw outcome.permanent ? new UnrecoverableError(text) : new Error(text);
    }
    if (everyMs === undefined) return null;
    return this.#nextTurn(bullJob, token, everyMs);
  }

  /** A scheduled job waits for its next turn, unless it was cancelled during this one. */
  async #nextTurn(bullJob: BullJob, token: string, everyMs: number): Promise<never> {
    const latest: BullJob | undefined = await this.#options.queue.getJob(bullJob.id ?? "");
    const payload = payloadOf(latest ?? bullJob);
    if (payload.cancelledAtMs !== undefined) throw new UnrecoverableError(CANCELLED);
    await bullJob.moveToDelayed(Date.now() + (payload.everyMs ?? everyMs), token);
    throw new DelayedError();
  }

  /** Notes progress and hears of cancellations by other processes. Never rejects; does nothing while Redis is away. */
  async #tick(): Promise<void> {
    if (this.#ticking || this.#options.redis.status !== "ready") return;
    this.#ticking = true;
    try {
      for (const job of this.#running.list()) {
        const bullJob = this.#jobs.get(job);
        if (bullJob !== undefined && bullJob.progress !== job.progress)
          await bullJob.updateProgress(job.progress);
        const latest: BullJob | undefined = await this.#options.queue.getJob(job.id);
        if (latest !== undefined && payloadOf(latest).cancelledAtMs !== undefined) job.stop("cancelled");
      }
    } catch (error) {
      this.#options.log.debug({ err: error }, "a job's progress cannot be noted");
    } finally {
      this.#ticking = false;
    }
  }
}

/** Lost connections are reported by the connection itself, once; BullMQ tells of every try. */
export function logBullError(log: Log, error: Error): void {
  const lost = /ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|Connection is closed|LOADING/.test(
    `${error.message} ${"code" in error ? String(error.code) : ""}`,
  );
  if (lost) log.debug({ detail: error.message }, "BullMQ waits for Redis");
  else log.warn({ detail: error.message }, "BullMQ reports a fault");
}
