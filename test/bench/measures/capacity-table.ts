import { LABELS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed } from "../report/words.ts";
import { lossless } from "./capacity.ts";
import type { Capacity, CapacityStep } from "./capacity.ts";
import type { Limit } from "./capacity-limit.ts";

const WORDS: Readonly<Record<Limit, string>> = {
  none: "nothing, so far",
  "listening thread": "the core of the thread that listens is full",
  "socket buffer": "the kernel's buffer is too small for the thread's pauses",
  program: "packets are lost after they were read",
  machine: "the thread that listens waits for a core: the load and others have them",
  load: "the load was late, and came in bursts",
};

export function capacityTable({ dave, seconds, steps }: Capacity): Table {
  const levels = [...new Set(steps.map(({ speakers }) => speakers))];
  return {
    title: `Packets lost with so many people talking at once for ${seconds} s, DAVE ${dave ? "on" : "off"}`,
    columns: ["", ...levels.map(String), "most without loss", "what limits it"],
    rows: namesIn(steps).map((subject) => {
      const own = steps.filter((step) => step.subject === subject);
      return [
        LABELS[subject],
        ...levels.map((level) => lossOf(own.find(({ speakers }) => speakers === level))),
        String(lossless(steps, subject)),
        WORDS[own.at(-1)?.limit ?? "none"],
      ];
    }),
    notes: [
      "Each climbs until it loses something. @discordjs/voice leaves its socket the kernel's default buffer, and no guide tells to change that; the last but one asks for as much as this recorder does. The last row is what the load and the machine can do.",
    ],
  };
}

/** The last step of each: the one at which it lost something, or the highest. */
export function capacityLimitsTable({ dave, steps }: Capacity): Table {
  return {
    title: `What limits them, at the last step of each, DAVE ${dave ? "on" : "off"}`,
    columns: [
      "",
      "people",
      "lost",
      "of these dropped by the kernel",
      "kernel's buffer",
      "cores",
      "the thread that listens runs",
      "waits for a core",
      "load: cores",
      "late, p99",
    ],
    rows: namesIn(steps).map((subject) => {
      const step = steps.findLast((one) => one.subject === subject);
      if (step === undefined) return [LABELS[subject]];
      return [
        LABELS[subject],
        String(step.speakers),
        `${step.lostPackets} of ${step.sentPackets}`,
        String(step.kernelDrops),
        `${fixed(step.receiveBufferBytes / 1024, 0)} KiB`,
        fixed(step.cores, 2),
        `${fixed(step.listening * 100, 0)} %`,
        `${fixed(step.listeningWaited * 100, 0)} %`,
        fixed(step.senderCores, 2),
        `${fixed(step.senderP99Ms, 0)} ms`,
      ];
    }),
    notes: ["The kernel's buffer as Linux reports it: twice what counts for datagrams."],
  };
}

function namesIn(steps: readonly CapacityStep[]): SubjectName[] {
  return [...new Set(steps.map(({ subject }) => subject))];
}

function lossOf(step: CapacityStep | undefined): string {
  if (step === undefined) return "";
  const { lostPackets, sentPackets } = step;
  return lostPackets === 0 ? "0" : `${lostPackets} of ${sentPackets}`;
}

export function capacityPanel({ seconds, steps }: Capacity): Panel {
  const highest = Math.max(...steps.map(({ speakers }) => speakers));
  return {
    title: `Most speakers at once without a lost packet, ${seconds} s (highest tried: ${highest})`,
    bars: namesIn(steps).map((subject) => ({
      label: LABELS[subject],
      value: lossless(steps, subject),
      ours: subject === "ours",
    })),
  };
}
