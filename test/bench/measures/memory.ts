/** What programs hold in memory, and how it grows while people talk on. */
import { play } from "../harness/run.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import { atLeast } from "../report/target.ts";
import type { Target } from "../report/target.ts";
import type { Table } from "../report/table.ts";
import { fixed, megabytes } from "../report/words.ts";

export type Memory = {
  readonly speakers: number;
  readonly seconds: number;
  readonly rows: readonly {
    readonly subject: SubjectName;
    readonly peakResidentBytes: number;
    readonly lastResidentBytes: number;
    /** In the second half of the talk. */
    readonly growthBytesPerMinute: number;
    readonly stopSeconds: number;
  }[];
};

/** All programs at once, each before a crowd of its own that says the same. */
export async function measureMemory(speakers: number, seconds: number): Promise<Memory> {
  const rows = SUBJECTS.map(async (subject) => {
    const outcome = await play({ subject, speakers, seconds, dave: true });
    const { peakResidentBytes, lastResidentBytes, growthBytesPerMinute, stopSeconds } = outcome;
    return { subject, peakResidentBytes, lastResidentBytes, growthBytesPerMinute, stopSeconds };
  });
  return { speakers, seconds, rows: await Promise.all(rows) };
}

/** How many times as much a way of recording holds as another one, at the end of the talk. */
export function memoryRatio({ rows }: Memory, of: SubjectName, to: SubjectName): number {
  const last = (name: SubjectName): number =>
    rows.find(({ subject }) => subject === name)?.lastResidentBytes ?? Number.NaN;
  return last(of) / last(to);
}

export function memoryTargets(memory: Memory): Target[] {
  return [atLeast("resident memory at the end, in memory ÷ ours", memoryRatio(memory, "memory", "ours"), 5)];
}

export function memoryTable(memory: Memory): Table {
  const { speakers, seconds, rows } = memory;
  const minutes = fixed((speakers * seconds) / 60, 0);
  return {
    title: `Resident memory, ${speakers} people talk for ${seconds} s without a pause (${minutes} speaker-minutes), DAVE on`,
    columns: ["", "at the end", "most", "growth per minute, second half", "÷ in memory", "stop takes"],
    rows: rows.map(({ subject, peakResidentBytes, lastResidentBytes, growthBytesPerMinute, stopSeconds }) => [
      LABELS[subject],
      megabytes(lastResidentBytes),
      megabytes(peakResidentBytes),
      `${fixed(growthBytesPerMinute / 1e6, 2)} MB`,
      fixed(memoryRatio(memory, subject, "memory"), 2),
      `${fixed(stopSeconds, 2)} s`,
    ]),
    notes: [
      "The whole process: Node, the Discord client, and here three threads with a heap each. Mono; in stereo what is kept in memory doubles. `npm run test:soak` watches the recorder for 20 minutes.",
      "All are stopped at the same moment, while the one in memory writes all it has: this recorder alone answers only when its files are on the disk, so it waits for that too.",
    ],
  };
}

export function memoryPanel({ speakers, seconds, rows }: Memory): Panel {
  return {
    title: `Resident memory at the end, ${speakers} people, ${seconds} s`,
    bars: rows.map(({ subject, lastResidentBytes, growthBytesPerMinute }) => ({
      label: LABELS[subject],
      value: lastResidentBytes,
      text: `${megabytes(lastResidentBytes)}, ${growthBytesPerMinute > 0 ? "+" : ""}${fixed(growthBytesPerMinute / 1e6, 1)} MB/min`,
      ours: subject === "ours",
    })),
  };
}
