/** How many speakers at once, in real time, without losing a packet. */
import { play } from "../harness/run.ts";
import type { Outcome } from "../harness/run.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed } from "../report/words.ts";

const ATTEMPTS = 2;
const IN_TIME_MS = 10;

export type Capacity = { readonly seconds: number; readonly steps: readonly CapacityStep[] };

export type CapacityStep = {
  readonly subject: SubjectName;
  readonly speakers: number;
  readonly lostPackets: number;
  readonly sentPackets: number;
  /** Cores that the program used. */
  readonly cores: number;
  /** The load's own: a load that is late itself says nothing of what it loads. */
  readonly senderP99Ms: number;
  readonly senderCores: number;
};

/**
 * Every program climbs until it loses something; undisturbed ones are tried at the next step. All people are in one call, so
 * one socket hears them all.
 */
export async function measureCapacity(levels: readonly number[], seconds: number): Promise<Capacity> {
  const steps: CapacityStep[] = [];
  const climbing = new Set<SubjectName>(SUBJECTS);
  for (const speakers of levels)
    for (const subject of climbing) {
      const { spoken, lostPackets, cpuSeconds } = await climb(subject, speakers, seconds);
      if (lostPackets > 0) climbing.delete(subject);
      steps.push({
        subject,
        speakers,
        lostPackets,
        sentPackets: spoken.packets,
        cores: cpuSeconds / seconds,
        senderP99Ms: spoken.lateness.p99Ms,
        senderCores: spoken.cpuSeconds / seconds,
      });
    }
  return { seconds, steps };
}

/** A loss counts only where the load was in time, or late every time. */
async function climb(subject: SubjectName, speakers: number, seconds: number): Promise<Outcome> {
  const scene = { subject, speakers, seconds, dave: false };
  let outcome = await play(scene);
  for (let again = 1; again < ATTEMPTS; again++) {
    if (outcome.lostPackets === 0 || outcome.spoken.lateness.p99Ms < IN_TIME_MS) break;
    outcome = await play(scene);
  }
  return outcome;
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

export function capacityTable({ seconds, steps }: Capacity): Table {
  const levels = [...new Set(steps.map(({ speakers }) => speakers))];
  return {
    title: `Packets lost with so many people talking at once for ${seconds} s (in brackets: cores used; load late, p99)`,
    columns: ["", ...levels.map(String), "most without loss"],
    rows: SUBJECTS.map((subject) => [
      LABELS[subject],
      ...levels.map((level) => {
        const step = steps.find((one) => one.subject === subject && one.speakers === level);
        if (step === undefined) return "";
        const { lostPackets, sentPackets, cores, senderP99Ms } = step;
        const lost = lostPackets === 0 ? "0" : `${lostPackets} of ${sentPackets}`;
        return `${lost} (${fixed(cores, 2)}; ${fixed(senderP99Ms, 0)} ms)`;
      }),
      String(lossless(steps, subject)),
    ]),
    notes: [
      "Each climbs until it loses something. The load shares the machine: where it is late itself, it sends in bursts, and the kernel's buffer overflows sooner than it would.",
    ],
  };
}

export function capacityPanel({ seconds, steps }: Capacity): Panel {
  const highest = Math.max(...steps.map(({ speakers }) => speakers));
  return {
    title: `Most speakers at once without a lost packet, ${seconds} s (highest tried: ${highest})`,
    bars: SUBJECTS.map((subject) => {
      const value = lossless(steps, subject);
      return { label: LABELS[subject], value, ours: subject === "ours" };
    }),
  };
}
