import type { Job, Queue } from "bullmq";
import { z } from "zod";
import { interrupted, parseErrorData } from "./job-errors.ts";
import type { JobState } from "./job-runner.ts";

/** One of our jobs as BullMQ keeps it: what stands in its data, and what its state means to us. */

const payloadSchema = z.object({
  /** Ours, checked against the job's name where it runs. */
  data: z.unknown(),
  /** Present: runs again so long after each end. */
  everyMs: z.number().optional(),
  /** Present: somebody cancelled it then. BullMQ knows no such state, so the job ends as failed as soon as it is touched. */
  cancelledAtMs: z.number().optional(),
});

export type Payload = z.infer<typeof payloadSchema>;

export type BullJob = Job<Payload, null>;

export type BullQueue = Queue<Payload, null>;

/** What Redis holds for the job; a payload without data when it is not ours. */
export function payloadOf(job: BullJob): Payload {
  const parsed = payloadSchema.safeParse(job.data);
  return parsed.success ? parsed.data : { data: undefined };
}

export type FoundJob = { readonly job: BullJob; readonly state: JobState };

/** A job with its state in our words; undefined when Redis knows none by that id. */
export async function findJob(queue: BullQueue, id: string): Promise<FoundJob | undefined> {
  // The state first: a job that ends between the two questions has its end in what is read second.
  const bullState = await queue.getJobState(id);
  const job: BullJob | undefined = await queue.getJob(id);
  if (job === undefined || bullState === "unknown") return undefined;
  return { job, state: toState(job, bullState) };
}

/** Makes a delayed job due now. One that has become due by itself meanwhile is as good. */
export async function endDelay(job: BullJob): Promise<void> {
  if (!(await job.isDelayed())) return;
  try {
    await job.promote();
  } catch (error) {
    if (await job.isDelayed()) throw error;
  }
}

/** BullMQ's own word for a job whose worker vanished too often. */
export const STALLED = "job stalled more than allowable limit";

function toState(job: BullJob, bullState: string): JobState {
  const { cancelledAtMs } = payloadOf(job);
  const endedAtMs = job.finishedOn ?? 0;
  if (bullState === "completed") return { kind: "done", endedAtMs };
  if (bullState === "active") {
    const progress = typeof job.progress === "number" ? job.progress : 0;
    return { kind: "active", attempt: job.attemptsStarted, progress };
  }
  if (cancelledAtMs !== undefined) return { kind: "cancelled", endedAtMs: cancelledAtMs };
  if (bullState === "failed") {
    const error = job.failedReason === STALLED ? interrupted() : parseErrorData(job.failedReason);
    return { kind: "failed", endedAtMs, error };
  }
  return { kind: "waiting", attempt: job.attemptsStarted };
}
