/** What is lost when the disk answers nobody for a while, and when the main thread is busy now and then. */
import { playWith } from "../harness/fault-run.ts";
import type { Faulty } from "../harness/fault-run.ts";
import { FRAMES_PER_SECOND } from "../harness/load.ts";
import { SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import { atLeast, atMost } from "../report/target.ts";
import type { Target } from "../report/target.ts";

export type Loss = {
  readonly speakers: number;
  /** What happened, for how many seconds. */
  readonly fault: "stall" | "pause";
  readonly seconds: number;
  readonly rows: readonly LossRow[];
};

export type LossRow = {
  readonly subject: SubjectName;
  readonly lostPackets: number;
  readonly sentPackets: number;
  /** Of each speaker, on average. */
  readonly lostSeconds: number;
  readonly heldTimes: number;
  readonly longestHeldMs: number;
  readonly peakResidentBytes: number;
  /** The longest delay of the thread that listens. */
  readonly loopMaxMs: number;
};

/** The kernel's buffer bridges what is short: so once also with as large a one as this recorder's. */
const WAYS: readonly SubjectName[] = [...SUBJECTS, "wide"];
/** Until the stall, and after it. */
const AROUND_SECONDS = 3;

/** All programs at once, each before a crowd of its own that says the same: loss, not speed, is measured here. */
export async function measureLoss(fault: Loss["fault"], speakers: number, seconds: number): Promise<Loss> {
  const rows = WAYS.map((subject) => lossOf(fault, subject, speakers, seconds));
  return { speakers, fault, seconds, rows: await Promise.all(rows) };
}

/** One program after the other, with the machine to itself: for how long its loop was held up is the disk's doing. */
export async function measureLossAlone(
  fault: Loss["fault"],
  subjects: readonly SubjectName[],
  speakers: number,
  seconds: number,
): Promise<Loss> {
  const rows: LossRow[] = [];
  for (const subject of subjects) rows.push(await lossOf(fault, subject, speakers, seconds));
  return { speakers, fault, seconds, rows };
}

async function lossOf(
  fault: Loss["fault"],
  subject: SubjectName,
  speakers: number,
  seconds: number,
): Promise<LossRow> {
  const scene = { subject, speakers, seconds: seconds + AROUND_SECONDS, dave: false };
  const name = fault === "stall" ? "BENCH_STALL" : "BENCH_PAUSE";
  return rowOf(subject, speakers, await playWith(name, seconds * 1_000, scene));
}

function rowOf(subject: SubjectName, speakers: number, outcome: Faulty): LossRow {
  const { lostPackets, spoken, held, peakResidentBytes, probe } = outcome;
  return {
    subject,
    lostPackets,
    sentPackets: spoken.packets,
    lostSeconds: lostPackets / speakers / FRAMES_PER_SECOND,
    heldTimes: held.times,
    longestHeldMs: held.longestMs,
    peakResidentBytes,
    loopMaxMs: probe?.loopDelayMs.max ?? Number.NaN,
  };
}

/** Of this recorder beside `writeSync`, each alone. */
export function stallTargets({ seconds, rows }: Loss): Target[] {
  const of = (name: SubjectName): LossRow | undefined => rows.find(({ subject }) => subject === name);
  const [ours, sync] = [of("ours"), of("sync")];
  const loopRatio = (sync?.loopMaxMs ?? Number.NaN) / (ours?.loopMaxMs ?? Number.NaN);
  return [
    atMost(`disk stalled for ${seconds} s: packets lost`, ours?.lostPackets ?? Number.NaN, 0, 0),
    atLeast(`disk stalled for ${seconds} s: longest delay of the loop, writeSync ÷ ours`, loopRatio, 50, 0),
  ];
}
