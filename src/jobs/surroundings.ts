import type { Log } from "../log.ts";
import type { Catalog } from "../recordings/catalog.ts";
import type { Storage } from "../recordings/storage.ts";
import type { EnqueueOptions, JobData, JobName } from "./job-runner.ts";

/** Everything around the processors, given at construction. */
export type Surroundings = {
  readonly storage: Storage;
  readonly catalog: Catalog;
  /** After so many days a recording is deleted whole. */
  readonly retentionDays: number;
  /** Command or path; looked for anew by each job, so it may come and go. */
  readonly ffmpeg: string;
  readonly log: Log;
  /** For jobs that make jobs. */
  readonly enqueue: (name: JobName, data: JobData, options?: EnqueueOptions) => Promise<unknown>;
  /** What a ZIP leaves free on the disk for recordings that run. Default 0. */
  readonly diskReserveBytes?: number;
};
