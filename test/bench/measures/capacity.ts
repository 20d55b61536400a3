/** How many speakers at once, in real time, without losing a packet; and what stands in the way of more. */
import { cpus } from "node:os";
import { play } from "../harness/run.ts";
import type { Outcome, Talking } from "../harness/run.ts";
import { SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import { atLeast } from "../report/target.ts";
import type { Target } from "../report/target.ts";
import { IN_TIME_MS, limitOf } from "./capacity-limit.ts";
import type { Limit } from "./capacity-limit.ts";

const ATTEMPTS = 2;

export type Capacity = {
  readonly dave: boolean;
  readonly seconds: number;
  readonly steps: readonly CapacityStep[];
};

export type CapacityStep = Talking & {
  readonly subject: SubjectName;
  readonly speakers: number;
  readonly sentPackets: number;
  readonly lostPackets: number;
  /** Of these, by the kernel, for want of room in the socket's buffer. */
  readonly kernelDrops: number;
  readonly receiveBufferBytes: number;
  /** The load's own: a load that is late itself says nothing of what it loads. */
  readonly senderP99Ms: number;
  readonly senderCores: number;
  readonly limit: Limit;
};

/**
 * Every program climbs until it loses something. All people are in one call, so one socket hears them all. At the end the
 * highest level before a receiver that only counts: whether the load and the machine can give that much.
 */
export async function measureCapacity(
  levels: readonly number[],
  seconds: number,
  dave: boolean,
  subjects: readonly SubjectName[] = [...SUBJECTS, "wide"],
): Promise<Capacity> {
  const steps: CapacityStep[] = [];
  const climbing = new Set(subjects);
  for (const speakers of levels)
    for (const subject of climbing) {
      const step = await climb(subject, speakers, seconds, dave);
      if (step.lostPackets > 0) climbing.delete(subject);
      steps.push(step);
    }
  steps.push(await climb("receiver", Math.max(...levels), seconds, dave));
  return { dave, seconds, steps };
}

/** A loss counts only where the load was in time, or late every time. */
async function climb(
  subject: SubjectName,
  speakers: number,
  seconds: number,
  dave: boolean,
): Promise<CapacityStep> {
  const scene = { subject, speakers, seconds, dave };
  let outcome = await play(scene);
  for (let again = 1; again < ATTEMPTS; again++) {
    if (outcome.lostPackets === 0 || outcome.spoken.lateness.p99Ms < IN_TIME_MS) break;
    outcome = await play(scene);
  }
  return stepOf(subject, speakers, seconds, outcome);
}

function stepOf(subject: SubjectName, speakers: number, seconds: number, outcome: Outcome): CapacityStep {
  const { spoken, lostPackets, kernelDrops, talking, probe } = outcome;
  const figures = {
    lostPackets,
    kernelDrops,
    ...talking,
    senderP99Ms: spoken.lateness.p99Ms,
    senderCores: spoken.cpuSeconds / seconds,
  };
  return {
    subject,
    speakers,
    sentPackets: spoken.packets,
    receiveBufferBytes: probe?.receiveBufferBytes ?? Number.NaN,
    ...figures,
    limit: limitOf(figures, cpus().length),
  };
}

/** The largest step without a loss; 0 of none. */
export function lossless(steps: readonly CapacityStep[], subject: SubjectName): number {
  return Math.max(
    0,
    ...steps
      .filter((step) => step.subject === subject && step.lostPackets === 0)
      .map(({ speakers }) => speakers),
  );
}

export function capacityTargets({ steps }: Capacity): Target[] {
  const ratio = lossless(steps, "ours") / lossless(steps, "sync");
  return [atLeast("most speakers without loss, ours ÷ writeSync", ratio, 1.2)];
}
