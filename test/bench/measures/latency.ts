/** How long a packet takes from the socket to where the program leaves it to others: its queue, file or array. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { play } from "../harness/run.ts";
import { spreadOf } from "../harness/statistics.ts";
import type { Spread } from "../harness/statistics.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { EnqueuedFigures } from "../preload/enqueued.ts";
import type { Table } from "../report/table.ts";
import { spread, three } from "../report/words.ts";

export type Latency = {
  readonly speakers: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly rows: readonly {
    readonly subject: SubjectName;
    readonly packets: number;
    /** Milliseconds, over the rounds. */
    readonly p50: Spread;
    readonly p99: Spread;
    readonly p999: Spread;
    /** How long a tick takes, the median over the rounds; NaN of those without. */
    readonly tickMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  }[];
};

const PRELOAD = new URL("../preload/enqueued.ts", import.meta.url);
/** What is measured of a program, by its file in `preload/`. */
const ENDS: Readonly<Partial<Record<SubjectName, string>>> = {
  ours: "offered to the queue, in its place",
  stream: "given to the file stream",
  sync: "written",
  memory: "decoded and kept",
  opus: "given to the file stream",
};

export async function measureLatency(
  speakers: number,
  seconds: number,
  rounds: number,
  subjects: readonly SubjectName[] = SUBJECTS,
): Promise<Latency> {
  const found = new Map<SubjectName, EnqueuedFigures[]>(subjects.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of subjects) found.get(name)?.push(await figuresOf(name, speakers, seconds));
  return {
    speakers,
    seconds,
    rounds,
    rows: subjects.map((subject) => {
      const figures = found.get(subject) ?? [];
      const over = (pick: (one: EnqueuedFigures) => number | undefined): Spread =>
        spreadOf(figures.map((one) => pick(one) ?? Number.NaN));
      return {
        subject,
        packets: figures.reduce((sum, { packets }) => sum + packets, 0),
        p50: over(({ ms }) => ms.p50),
        p99: over(({ ms }) => ms.p99),
        p999: over(({ ms }) => ms.p999),
        tickMs: {
          p50: over(({ tickMs }) => tickMs?.p50).median,
          p99: over(({ tickMs }) => tickMs?.p99).median,
          p999: over(({ tickMs }) => tickMs?.p999).median,
        },
      };
    }),
  };
}

async function figuresOf(subject: SubjectName, speakers: number, seconds: number): Promise<EnqueuedFigures> {
  const folder = mkdtempSync(join(tmpdir(), "bench-enqueued-"));
  const file = join(folder, "figures.json");
  try {
    await play({
      subject,
      speakers,
      seconds,
      dave: true,
      preloads: [PRELOAD],
      environment: { BENCH_ENQUEUED: file },
    });
    if (!existsSync(file)) throw new Error(`"${subject}" told no times from datagram to queue.`);
    return JSON.parse(readFileSync(file, "utf8")) as EnqueuedFigures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function latencyTable({ speakers, seconds, rounds, rows }: Latency): Table {
  return {
    title: `From datagram to enqueued: ${speakers} people talk for ${seconds} s, DAVE on, ms, median of ${rounds} (least–most)`,
    columns: ["", "p50", "p99", "p99.9", "packets", "until it is"],
    rows: rows.map(({ subject, packets, p50, p99, p999 }) => [
      LABELS[subject],
      spread(p50, 2),
      spread(p99, 2),
      spread(p999, 2),
      String(packets),
      ENDS[subject] ?? "",
    ]),
    notes: [
      "This recorder keeps datagrams as they come, opens, places and decodes them together once every 20 ms, and lets what follows a missing packet wait up to 200 ms for it; the others append in the order of arrival.",
      ...rows
        .filter(({ subject }) => subject === "ours")
        .map(({ tickMs }) => `That tick takes ${three(tickMs, 2)} ms (p50 / p99 / p99.9).`),
    ],
  };
}
