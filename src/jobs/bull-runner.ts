import { Queue } from "bullmq";
import type { JobsOptions } from "bullmq";
import type { Redis } from "ioredis";
import { RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import { DEFAULT_ATTEMPTS, DEFAULT_BACK_OFF_MS, HISTORY_JOBS } from "./back-off.ts";
import { endDelay, findJob, payloadOf } from "./bull-job.ts";
import type { BullQueue, FoundJob, Payload } from "./bull-job.ts";
import { BullWorker, logBullError } from "./bull-worker.ts";
import { isJobName, jobIdOf, parseJobData, scheduledId } from "./definitions.ts";
import { EVERY_RECORDING } from "./job-runner.ts";
import type { EnqueueOptions, JobData, JobName, JobRunner, JobState, Processors } from "./job-runner.ts";
import { connectRedis } from "./redis-connection.ts";

export type BullRunnerOptions = {
  readonly redisUrl: string;
  /** Undefined: this process only enqueues, asks and cancels. */
  readonly processors: Processors | undefined;
  /** How many jobs run at a time in this process. */
  readonly concurrency: number;
  readonly log: Log;
  /** The pause after a job's first failure. */
  readonly backOffMs?: number;
  /** After how long a process that is not heard of counts as dead. */
  readonly lockMs?: number;
  /** How long Redis is waited for at the start. */
  readonly startMs?: number;
  /** How long a question or a new job waits for a Redis that is away. */
  readonly commandMs?: number;
  /** Whether the process ends by an exception: nothing is begun then, and what runs when it stops has failed. */
  readonly crashing: () => boolean;
};

/** Long enough for a main thread busy with something else, short enough to begin a dead process's jobs soon. */
const LOCK_MS = 20_000;

const COMMAND_MS = 15_000;

/** All keys begin with it. Installations that share a Redis need a database number each. */
const PREFIX = "recorder";

/**
 * Lives on the main thread. Runs jobs through BullMQ on Redis, for any number of processes. A lost Redis is waited for:
 * running jobs go on, and what ended meanwhile is noted when it is back.
 */
export class BullRunner implements JobRunner {
  readonly #redis: Redis;
  readonly #queue: BullQueue;
  readonly #commandMs: number;
  #worker: BullWorker | undefined;
  #closing: Promise<void> | undefined;

  private constructor(redis: Redis, queue: BullQueue, commandMs: number) {
    this.#commandMs = commandMs;
    this.#redis = redis;
    this.#queue = queue;
  }

  /** Begins work at once. Rejects as `connectRedis` does. */
  static async start(options: BullRunnerOptions): Promise<BullRunner> {
    const { log, processors, concurrency } = options;
    const redis = await connectRedis(options.redisUrl, log, options.startMs);
    const queue: BullQueue = new Queue("jobs", { connection: redis, prefix: PREFIX });
    queue.on("error", (error) => logBullError(log, error));
    const runner = new BullRunner(redis, queue, options.commandMs ?? COMMAND_MS);
    try {
      await within(queue.waitUntilReady(), COMMAND_MS, "Redis");
      if (processors !== undefined) {
        const { backOffMs = DEFAULT_BACK_OFF_MS, lockMs = LOCK_MS, crashing } = options;
        const onScheduleLost = (name: string, everyMs: number) => {
          if (!isJobName(name)) return;
          // Not at once: it was given up because its processes died, perhaps of it.
          runner.#schedule(name, everyMs, everyMs).catch((error: unknown) => {
            log.error({ err: error }, "a schedule is lost until the next start");
          });
        };
        const start = BullWorker.start({
          queue,
          redis,
          prefix: PREFIX,
          processors,
          concurrency,
          log,
          backOffMs,
          lockMs,
          crashing,
          onScheduleLost,
        });
        runner.#worker = await within(start, COMMAND_MS, "Redis");
      }
    } catch (error) {
      await runner.close();
      throw error;
    }
    return runner;
  }

  async enqueue(name: JobName, data: JobData, options: EnqueueOptions = {}): Promise<string> {
    const checked = parseJobData(name, data);
    const id = jobIdOf(name, checked, options.id);
    await this.#answered(async () => {
      if (options.again === true) {
        const known = await findJob(this.#queue, id);
        if (known !== undefined && hasEnded(known)) await known.job.remove();
      }
      const { delayMs: delay = 0, attempts = DEFAULT_ATTEMPTS } = options;
      await this.#add(name, { data: checked }, { jobId: id, delay, attempts });
    });
    return id;
  }

  async schedule(name: JobName, everyMs: number): Promise<void> {
    await this.#schedule(name, everyMs, 0);
  }

  async #schedule(name: JobName, everyMs: number, delay: number): Promise<void> {
    const id = scheduledId(name);
    const data = parseJobData(name, { recordingId: EVERY_RECORDING });
    await this.#answered(async () => {
      const known = await findJob(this.#queue, id);
      if (known !== undefined && !hasEnded(known)) {
        const payload = payloadOf(known.job);
        await known.job.updateData({ ...payload, everyMs });
        if (everyMs < (payload.everyMs ?? 0) && (await known.job.isDelayed()))
          await known.job.changeDelay(everyMs);
        return;
      }
      await known?.job.remove();
      await this.#add(name, { data, everyMs }, { jobId: id, delay });
    });
  }

  async state(id: string): Promise<JobState | undefined> {
    return (await this.#answered(() => findJob(this.#queue, id)))?.state;
  }

  async cancel(id: string): Promise<boolean> {
    return this.#answered(async () => {
      const known = await findJob(this.#queue, id);
      if (known === undefined || hasEnded(known)) return false;
      await known.job.updateData({ ...payloadOf(known.job), cancelledAtMs: Date.now() });
      this.#worker?.cancel(id);
      // It would stay in Redis until it is due, only to end then.
      await endDelay(known.job);
      return true;
    });
  }

  async drain(timeoutMs: number): Promise<void> {
    await this.#worker?.stop(timeoutMs);
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#worker?.stop(0);
    await this.#queue.close();
    this.#redis.disconnect();
  }

  /** Rejects with `E-REDIS` when Redis does not answer in time; the command may still be obeyed when it is back. */
  async #answered<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await within(command(), this.#commandMs, "Redis");
    } catch (error) {
      if (!(error instanceof RecorderError) || error.code !== "E-TIMEOUT") throw error;
      throw new RecorderError("E-REDIS", "Redis does not answer.", "Start it again; then try again.", {
        cause: error,
      });
    }
  }

  async #add(name: JobName, payload: Payload, options: JobsOptions): Promise<void> {
    await this.#queue.add(name, payload, {
      ...options,
      backoff: { type: "growing" },
      removeOnComplete: { count: HISTORY_JOBS },
      removeOnFail: { count: HISTORY_JOBS },
      stackTraceLimit: 1,
    });
  }
}

function hasEnded({ state }: FoundJob): boolean {
  return state.kind === "done" || state.kind === "failed" || state.kind === "cancelled";
}
