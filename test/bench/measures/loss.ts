/** What is lost when the disk answers nobody for a while, and when the main thread is busy now and then. */
import { playWith } from "../harness/fault-run.ts";
import type { Faulty } from "../harness/fault-run.ts";
import { FRAMES_PER_SECOND } from "../harness/load.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed, megabytes } from "../report/words.ts";

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
};

/** Until the stall, and after it. */
const AROUND_SECONDS = 3;

/** All programs at once, each before a crowd of its own that says the same: loss, not speed, is measured here. */
export async function measureLoss(fault: Loss["fault"], speakers: number, seconds: number): Promise<Loss> {
  const rows = SUBJECTS.map(async (subject) => {
    const scene = { subject, speakers, seconds: seconds + AROUND_SECONDS, dave: false };
    const name = fault === "stall" ? "BENCH_STALL" : "BENCH_PAUSE";
    return rowOf(subject, speakers, await playWith(name, seconds * 1_000, scene));
  });
  return { speakers, fault, seconds, rows: await Promise.all(rows) };
}

function rowOf(subject: SubjectName, speakers: number, outcome: Faulty): LossRow {
  const { lostPackets, spoken, held, peakResidentBytes } = outcome;
  return {
    subject,
    lostPackets,
    sentPackets: spoken.packets,
    lostSeconds: lostPackets / speakers / FRAMES_PER_SECOND,
    heldTimes: held.times,
    longestHeldMs: held.longestMs,
    peakResidentBytes,
  };
}

export function stallTable(losses: readonly Loss[]): Table {
  const [first] = losses;
  return {
    title: `Audio lost while the disk answers nobody, ${first?.speakers ?? 0} people talking, seconds of each speaker`,
    columns: ["", ...losses.map(({ seconds }) => `${seconds} s`), "longest operation held", "memory at most"],
    rows: SUBJECTS.map((subject) => {
      const rows = losses.map(({ rows }) => rows.find((row) => row.subject === subject));
      const most = (pick: (row: LossRow) => number): number =>
        Math.max(...rows.map((row) => (row === undefined ? 0 : pick(row))));
      return [
        LABELS[subject],
        ...rows.map((row) => (row === undefined ? "" : `${fixed(row.lostSeconds, 2)} (${row.lostPackets})`)),
        `${fixed(most(({ longestHeldMs }) => longestHeldMs) / 1_000, 1)} s`,
        megabytes(most(({ peakResidentBytes }) => peakResidentBytes)),
      ];
    }),
    notes: ["In brackets packets, of all speakers."],
  };
}

export function pauseTable({ speakers, seconds, rows }: Loss): Table {
  return {
    title: `Audio lost while the main thread is blocked for 250 ms in every second, ${seconds} s, ${speakers} people talking`,
    columns: ["", "packets lost", "of", "share", "pauses"],
    rows: rows.map(({ subject, lostPackets, sentPackets, heldTimes }) => [
      LABELS[subject],
      String(lostPackets),
      String(sentPackets),
      `${fixed((lostPackets / sentPackets) * 100, 1)} %`,
      String(heldTimes),
    ]),
  };
}

export function lossPanel({ fault, speakers, seconds, rows }: Loss): Panel {
  return {
    title:
      fault === "stall"
        ? `Seconds lost of each speaker, disk stalled for ${seconds} s, ${speakers} speakers`
        : `Share of audio lost, main thread blocked 250 ms in every second, ${speakers} speakers`,
    bars: rows.map(({ subject, lostSeconds, lostPackets, sentPackets }) => {
      const share = (lostPackets / sentPackets) * 100;
      return {
        label: LABELS[subject],
        value: fault === "stall" ? lostSeconds : share,
        text: fault === "stall" ? `${fixed(lostSeconds, 2)} s` : `${fixed(share, 1)} %`,
        ours: subject === "ours",
      };
    }),
  };
}
