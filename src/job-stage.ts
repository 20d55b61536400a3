import { availableParallelism } from "node:os";
import type { Config } from "./config.ts";
import type { BullRunnerOptions } from "./jobs/bull-runner.ts";
import { EmbeddedRunner } from "./jobs/embedded-runner.ts";
import type { JobRunner } from "./jobs/job-runner.ts";
import { createProcessors } from "./jobs/processors.ts";
import { createLog } from "./log.ts";
import type { Log } from "./log.ts";
import type { Catalog } from "./recordings/catalog.ts";
import { within } from "./recordings/deadline.ts";
import type { Manifest } from "./recordings/manifest.ts";
import type { Storage } from "./recordings/storage.ts";

/** How often what has been kept long enough is looked for. */
const SWEEP_MS = 3_600_000;

/** A share of the ten seconds a shutdown may take; Redis may be away. */
const LAST_ORDERS_MS = 1_500;

/**
 * Lives on the main thread. The work after a recording: worked at by a process with the role `jobs`, ordered by the one
 * with the role `bot`, and anew by one with the role `web`, whether they are one process or several.
 */
export class JobStage {
  readonly #runner: JobRunner;
  readonly #log: Log;
  /** Orders that are not on disk yet. */
  readonly #orders = new Set<Promise<void>>();

  private constructor(runner: JobRunner, log: Log) {
    this.#runner = runner;
    this.#log = log;
  }

  /** Begins work at once where the role is ours. Rejects as the runners do. */
  static async start(
    config: Config,
    shared: {
      readonly catalog: Catalog;
      readonly storage: Storage;
      /** Whether the process ends by an exception that nobody caught: what runs then has failed. */
      readonly crashing: () => boolean;
    },
  ): Promise<JobStage> {
    const { catalog, storage, crashing } = shared;
    const { roles, retentionDays, redisUrl, diskReserveBytes } = config;
    const log = createLog(config.logLevel, "jobs");
    // Jobs may begin, and make jobs, before the runner is ours to name.
    const started = Promise.withResolvers<JobRunner>();
    const processors = roles.includes("jobs")
      ? createProcessors({
          storage,
          catalog,
          retentionDays,
          ffmpeg: config.ffmpegPath,
          log,
          enqueue: async (...job) => (await started.promise).enqueue(...job),
          diskReserveBytes,
        })
      : undefined;
    // Beside a bot one job at a time: listening comes first.
    const concurrency = roles.includes("bot") ? 1 : availableParallelism();
    const runner =
      redisUrl === undefined
        ? await EmbeddedRunner.start({ catalog, processors, concurrency, log, crashing })
        : await startBullRunner({ redisUrl, processors, concurrency, log, crashing });
    started.resolve(runner);
    if (processors !== undefined) await runner.schedule("expire", SWEEP_MS);
    return new JobStage(runner, log);
  }

  /** Orders the work after a recording that is over. Never throws; what cannot be ordered is logged. */
  recordingOver({ id, tracks }: Manifest): void {
    if (tracks.length === 0) return;
    const order = this.#order(id).finally(() => this.#orders.delete(order));
    this.#orders.add(order);
  }

  /** Orders the ZIP of a recording anew: the one before failed, or was never made. Never throws. */
  requestArchive(recordingId: string): void {
    const order = this.#runner.enqueue("archive", { recordingId }, { again: true });
    order.catch((error: unknown) => this.#log.warn({ err: error }, "a ZIP could not be ordered"));
  }

  async #order(recordingId: string): Promise<void> {
    try {
      await this.#runner.enqueue("finish", { recordingId });
      await this.#runner.enqueue("archive", { recordingId });
    } catch (error) {
      this.#log.error({ err: error }, "the work after a recording could not be ordered");
    }
  }

  /** Waits for the last orders, and ends work in the middle: it is begun again at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await within(Promise.all(this.#orders), LAST_ORDERS_MS, "Ordering the work after the last recordings");
    } catch (error) {
      this.#log.error({ err: error }, "the work after the last recordings could not be ordered");
    }
    await this.#runner.close();
  }
}

/** BullMQ and its client are loaded only where there is a Redis: 7 MB. */
async function startBullRunner(options: BullRunnerOptions): Promise<JobRunner> {
  const { BullRunner } = await import("./jobs/bull-runner.ts");
  return BullRunner.start(options);
}
