import { cFloorMissing } from "../harness/c-floor.ts";
import type { Spread } from "../harness/statistics.ts";
import { LABELS } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed, spread, three } from "../report/words.ts";
import type { Cost } from "./cost.ts";

export function costTable({ plan, baselines, pipeline, rows }: Cost): Table {
  const { speakers, seconds, rounds, dave } = plan;
  const noNetwork = (name: string, cost: Spread, ...ratios: readonly string[]): string[] => [
    name,
    spread(cost, 3),
    ...ratios,
    ...Array<string>(5).fill(""),
  ];
  const { cFloor, floor, decoding } = baselines;
  return {
    title: `Cost: ${speakers} people talk for ${seconds} s, DAVE ${dave ? "on" : "off"}, median of ${rounds} (least–most)`,
    columns: [
      "",
      "CPU s per speaker-minute",
      "÷ floor",
      "÷ floor in C",
      "thread that listens, CPU µs per packet",
      "as it comes a datagram keeps it, µs p50 / p99 / p99.9",
      "loop delay, ms p50 / p99 / p99.9",
      "lost (by the kernel)",
      "load late, p99",
    ],
    rows: [
      noNetwork("floor in C: decode, copy, write", cFloor, fixed(cFloor.median / floor.median, 2), "1"),
      noNetwork("floor: the same in Node", floor, "1", fixed(floor.median / cFloor.median, 2)),
      noNetwork("decode alone, in Node", decoding, ...overFloors(decoding, baselines)),
      noNetwork(
        "pipeline without network",
        baselines.pipeline,
        spread(pipeline.toFloor, 2),
        spread(pipeline.toCFloor, 2),
      ),
      ...rows.map((row) => [
        LABELS[row.subject],
        spread(row.cpuPerSpeakerMinute, 3),
        spread(row.toFloor, 2),
        spread(row.toCFloor, 2),
        spread(row.listeningUsPerPacket, 0),
        three(row.handlerUs, 0),
        three(row.loopDelayMs, 1),
        `${row.lostPackets} (${row.kernelDrops}) of ${row.sentPackets}`,
        `${fixed(row.senderP99Ms, 1)} ms`,
      ]),
    ],
    notes: [
      ...missingNote(),
      "This recorder only keeps a datagram as it comes, and opens and decodes it at its next tick, every 20 ms; the column before has both.",
      "What the kernel drops found no room in the socket's buffer: @discordjs/voice leaves the others the default one.",
      `The pipeline's thread that decodes takes ${spread(pipeline.decodingThreadToDecoding, 2)} times as long as decoding alone.`,
      ...rows.filter(({ subject }) => subject === "ours").map(({ byThread }) => threadNote(byThread)),
    ],
  };
}

function overFloors(cost: Spread, { floor, cFloor }: Cost["baselines"]): string[] {
  return [fixed(cost.median / floor.median, 2), fixed(cost.median / cFloor.median, 2)];
}

function missingNote(): string[] {
  const missing = cFloorMissing();
  return missing === undefined ? [] : [`No floor in C: ${missing}.`];
}

function threadNote(byThread: Readonly<Record<string, number>>): string {
  const threads = Object.entries(byThread).map(([name, seconds]) => `${name} ${fixed(seconds, 3)}`);
  return `${LABELS.ours} by thread, CPU s per speaker-minute: ${threads.join(", ")}; the rest is Node's and V8's.`;
}

export function costPanel({ plan, baselines, rows }: Cost): Panel {
  const bar = (label: string, { median, least, most }: Spread, ours: boolean) => ({
    label,
    value: median,
    range: [least, most] as const,
    text: fixed(median, 3),
    ours,
  });
  return {
    title: `CPU seconds per speaker-minute, ${plan.speakers} speakers, DAVE ${plan.dave ? "on" : "off"}`,
    bars: [
      bar("floor: decode, copy, write", baselines.floor, false),
      bar("this recorder, without network", baselines.pipeline, true),
      ...rows.map((row) => bar(LABELS[row.subject], row.cpuPerSpeakerMinute, row.subject === "ours")),
    ],
  };
}
