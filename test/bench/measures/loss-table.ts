import { LABELS } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed, megabytes } from "../report/words.ts";
import type { Loss, LossRow } from "./loss.ts";

export function stallTable(losses: readonly Loss[]): Table {
  const [first] = losses;
  return {
    title: `Audio lost while the disk answers nobody, ${first?.speakers ?? 0} people talking, seconds of each speaker`,
    columns: [
      "",
      ...losses.map(({ seconds }) => `${seconds} s`),
      "longest operation held",
      "loop delay at most",
      "memory at most",
    ],
    rows: (first?.rows ?? []).map(({ subject }) => {
      const rows = losses.map(({ rows }) => rows.find((row) => row.subject === subject));
      const most = (pick: (row: LossRow) => number): number =>
        Math.max(...rows.map((row) => (row === undefined ? 0 : pick(row))));
      return [
        LABELS[subject],
        ...rows.map((row) => (row === undefined ? "" : `${fixed(row.lostSeconds, 2)} (${row.lostPackets})`)),
        `${fixed(most(({ longestHeldMs }) => longestHeldMs) / 1_000, 1)} s`,
        `${fixed(
          most(({ loopMaxMs }) => loopMaxMs),
          0,
        )} ms`,
        megabytes(most(({ peakResidentBytes }) => peakResidentBytes)),
      ];
    }),
    notes: [
      "In brackets packets, of all speakers. The last row bridges a stall with the kernel's buffer, as far as that goes. All programs at once on this machine; the loop is that of the thread that listens.",
    ],
  };
}

export function stallAloneTable({ speakers, seconds, rows }: Loss): Table {
  return {
    title: `The same, each alone on the machine: ${speakers} people talking, ${seconds} s`,
    columns: ["", "packets lost", "of", "loop delay at most"],
    rows: rows.map(({ subject, lostPackets, sentPackets, loopMaxMs }) => [
      LABELS[subject],
      String(lostPackets),
      String(sentPackets),
      `${fixed(loopMaxMs, 0)} ms`,
    ]),
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
    notes: [
      "This recorder listens on a thread of its own. The last row shows that a larger buffer of the kernel alone would bridge such pauses; @discordjs/voice asks for none, and no guide tells to.",
    ],
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
