import { z } from "zod";
import { EVERY_RECORDING } from "./job-runner.ts";
import type { JobData, JobName } from "./job-runner.ts";

/** The jobs there are, and what each needs to know. */

const JOB_NAMES = ["finish", "expire", "archive"] as const satisfies readonly JobName[];

const recordingId = z.string().regex(/^[\w-]{1,64}$/);

/** A recording's id, since a path is made of it; `expire` also looks after all of them at once. */
const schemas: Readonly<Record<JobName, z.ZodType<JobData>>> = {
  finish: z.object({ recordingId }),
  expire: z.object({ recordingId: recordingId.or(z.literal(EVERY_RECORDING)) }),
  archive: z.object({ recordingId }),
};

/** Fit for BullMQ too, which refuses `:` and plain numbers. */
const jobId = z.string().regex(/^[A-Za-z][\w-]{0,127}$/, "must be a letter, then letters, digits, - and _");

export function isJobName(name: string): name is JobName {
  return JOB_NAMES.some((known) => known === name);
}

/** Throws what zod throws when the data do not fit the name. */
export function parseJobData(name: JobName, data: unknown): JobData {
  return schemas[name].parse(data);
}

/** The id given, checked, or the one that makes a second request for the same work no second job. */
export function jobIdOf(name: JobName, data: JobData, id: string | undefined): string {
  return jobId.parse(id ?? `${name}-${data.recordingId}`);
}

export function scheduledId(name: JobName): string {
  return `${name}-scheduled`;
}
