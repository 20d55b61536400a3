/** What is lost when the process is killed in mid-speech, and what others can read of what is left. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CrowdProcess } from "../harness/crowd-process.ts";
import { lookAt } from "../harness/left-behind.ts";
import type { Left } from "../harness/left-behind.ts";
import { FRAMES_PER_SECOND } from "../harness/load.ts";
import { spreadOf } from "../harness/statistics.ts";
import type { Spread } from "../harness/statistics.ts";
import { LABELS, SUBJECTS, startSubject } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import { atLeast, atMost } from "../report/target.ts";
import type { Target } from "../report/target.ts";
import type { Table } from "../report/table.ts";
import { fixed, spread } from "../report/words.ts";

export type Kills = {
  readonly speakers: number;
  /** Seconds into the speech. */
  readonly instants: readonly number[];
  readonly rows: readonly {
    readonly subject: SubjectName;
    /** Of each speaker, on average. */
    readonly lostSeconds: Spread;
    readonly left: readonly Left[];
  }[];
};

/** What is said after the kill does not count. */
const AFTER_SECONDS = 1;

export async function measureKills(speakers: number, instants: readonly number[]): Promise<Kills> {
  const left = new Map<SubjectName, { readonly left: Left; readonly lostSeconds: number }[]>(
    SUBJECTS.map((name) => [name, []]),
  );
  for (const seconds of instants)
    await Promise.all(
      SUBJECTS.map(async (name) => left.get(name)?.push(await killAt(name, speakers, seconds))),
    );
  const rows = SUBJECTS.map((subject) => {
    const found = left.get(subject) ?? [];
    return {
      subject,
      lostSeconds: spreadOf(found.map(({ lostSeconds }) => lostSeconds)),
      left: found.map(({ left }) => left),
    };
  });
  return { speakers, instants, rows };
}

async function killAt(
  name: SubjectName,
  speakers: number,
  seconds: number,
): Promise<{ readonly left: Left; readonly lostSeconds: number }> {
  const directory = mkdtempSync(join(tmpdir(), `bench-kill-${name}-`));
  try {
    await using crowd = await CrowdProcess.start(false, speakers);
    await using subject = await startSubject(name, { crowd, directory });
    const talking = crowd.talk(seconds + AFTER_SECONDS, "tone");
    await sleep(seconds * 1_000);
    const killed = subject.kill();
    const { packets } = await crowd.spoken(performance.timeOrigin + performance.now());
    await killed;
    await talking;
    const left = lookAt(subject.files());
    return { left, lostSeconds: (packets - left.frames) / speakers / FRAMES_PER_SECOND };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const MOST_LOST_SECONDS = 0.2;
const FEWEST_READERS = 3;

export function killTargets({ rows }: Kills): Target[] {
  const ours = rows.find(({ subject }) => subject === "ours");
  const readers = (["bySox", "byFfprobe", "byPython", "byWavefile"] as const).filter((reader) =>
    ours?.left.every((left) => left[reader] === "all"),
  );
  return [
    atMost(
      "kill -9: seconds lost of a track, worst kill",
      ours?.lostSeconds.most ?? Number.NaN,
      MOST_LOST_SECONDS,
    ),
    atLeast("programs that read all that a kill left, of 4", readers.length, FEWEST_READERS, 0),
  ];
}

export function killTable({ speakers, instants, rows }: Kills): Table {
  return {
    title: `kill -9 in mid-speech, ${speakers} people talking, ${instants.length} kills`,
    columns: [
      "",
      "audio lost of each speaker, s",
      "what sox reads of the rest",
      "ffprobe",
      "Python's wave",
      "wavefile",
    ],
    rows: rows.map(({ subject, lostSeconds, left }) => [
      LABELS[subject],
      spread(lostSeconds, 2),
      worst(left.map(({ bySox }) => bySox)),
      worst(left.map(({ byFfprobe }) => byFfprobe)),
      worst(left.map(({ byPython }) => byPython ?? "–")),
      worst(left.map(({ byWavefile }) => byWavefile)),
    ]),
    notes: [
      "“all”: at once, as the kill left it. “told”: raw PCM, once its format is given by hand. “own”: undecoded, needs programs of its own.",
    ],
  };
}

function worst(all: readonly string[]): string {
  return [...new Set(all)].join(", ");
}

export function killPanel({ rows }: Kills): Panel {
  return {
    title: "Seconds lost of each speaker at kill -9, and whether sox reads the rest",
    bars: rows.map(({ subject, lostSeconds, left }) => ({
      label: LABELS[subject],
      value: lostSeconds.median,
      range: [lostSeconds.least, lostSeconds.most],
      text: `${fixed(lostSeconds.median, 2)} s, reads: ${worst(left.map(({ bySox }) => bySox))}`,
      ours: subject === "ours",
    })),
  };
}
