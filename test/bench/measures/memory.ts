/** What programs hold in memory, and how it grows while people talk on. */
import { play } from "../harness/run.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed, megabytes } from "../report/words.ts";

export type Memory = {
  readonly speakers: number;
  readonly seconds: number;
  readonly rows: readonly {
    readonly subject: SubjectName;
    readonly peakResidentBytes: number;
    /** In the second half of the talk. */
    readonly growthBytesPerMinute: number;
    readonly stopSeconds: number;
  }[];
};

/** All programs at once, each before a crowd of its own that says the same. */
export async function measureMemory(speakers: number, seconds: number): Promise<Memory> {
  const rows = SUBJECTS.map(async (subject) => {
    const outcome = await play({ subject, speakers, seconds, dave: true });
    const { peakResidentBytes, growthBytesPerMinute, stopSeconds } = outcome;
    return { subject, peakResidentBytes, growthBytesPerMinute, stopSeconds };
  });
  return { speakers, seconds, rows: await Promise.all(rows) };
}

export function memoryTable({ speakers, seconds, rows }: Memory): Table {
  return {
    title: `Resident memory, ${speakers} people talk for ${seconds} s without a pause, DAVE on`,
    columns: ["", "most", "growth per minute, second half", "stop takes"],
    rows: rows.map(({ subject, peakResidentBytes, growthBytesPerMinute, stopSeconds }) => [
      LABELS[subject],
      megabytes(peakResidentBytes),
      megabytes(growthBytesPerMinute),
      `${fixed(stopSeconds, 2)} s`,
    ]),
    notes: ["Short runs end before V8 has settled; `npm run test:soak` watches the recorder for 20 minutes."],
  };
}

export function memoryPanel({ speakers, seconds, rows }: Memory): Panel {
  return {
    title: `Resident memory at most, ${speakers} people, ${seconds} s`,
    bars: rows.map(({ subject, peakResidentBytes, growthBytesPerMinute }) => ({
      label: LABELS[subject],
      value: peakResidentBytes,
      text: `${megabytes(peakResidentBytes)}, ${growthBytesPerMinute > 0 ? "+" : ""}${megabytes(growthBytesPerMinute)}/min`,
      ours: subject === "ours",
    })),
  };
}
