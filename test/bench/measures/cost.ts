/** What a minute of one speaker costs, and how long the thread that listens is held up: live, beside the floor. */
import { runLibrary } from "../harness/library-run.ts";
import { play } from "../harness/run.ts";
import type { Outcome } from "../harness/run.ts";
import { spreadOf } from "../harness/statistics.ts";
import type { Spread } from "../harness/statistics.ts";
import { LABELS, SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import type { Panel } from "../report/bar-chart.ts";
import type { Table } from "../report/table.ts";
import { fixed, spread } from "../report/words.ts";

export type CostPlan = {
  readonly speakers: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly dave: boolean;
  readonly subjects?: readonly SubjectName[];
};

export type Cost = {
  readonly plan: CostPlan;
  /** CPU seconds per minute of one speaker. */
  readonly floor: Spread;
  readonly pipeline: Spread;
  readonly rows: readonly CostRow[];
};

export type CostRow = {
  readonly subject: SubjectName;
  readonly cpuPerSpeakerMinute: Spread;
  /** Ratios of the same round, not of medians. */
  readonly toFloor: Spread;
  readonly byThread: Readonly<Record<string, number>>;
  readonly lostPackets: number;
  readonly sentPackets: number;
  readonly handlerUs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** The load's own, the worst round. */
  readonly senderP99Ms: number;
};

const PACKETS_PER_MINUTE = 3_000;
const WARM_UP_SECONDS = 4;
/** Of audio: these do not wait for it. */
const LIBRARY_SECONDS = 30;

/** Rounds are interleaved: each has the floor, the pipeline and every program once, in turn. */
export async function measureCost(plan: CostPlan): Promise<Cost> {
  const { speakers, seconds, rounds, dave, subjects = SUBJECTS } = plan;
  const floors: number[] = [];
  const pipelines: number[] = [];
  const outcomes = new Map<SubjectName, Outcome[]>(subjects.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const floor = await runLibrary("floor", speakers, LIBRARY_SECONDS);
    floors.push(perSpeakerMinute(floor.cpuSeconds, floor.packets));
    const pipeline = await runLibrary("pipeline", speakers, LIBRARY_SECONDS);
    pipelines.push(perSpeakerMinute(pipeline.cpuSeconds, pipeline.packets));
    for (const name of subjects)
      outcomes
        .get(name)
        ?.push(await play({ subject: name, speakers, seconds, dave, warmUpSeconds: WARM_UP_SECONDS }));
  }
  return {
    plan,
    floor: spreadOf(floors),
    pipeline: spreadOf(pipelines),
    rows: subjects.map((name) => rowOf(name, outcomes.get(name) ?? [], floors)),
  };
}

function perSpeakerMinute(cpuSeconds: number, packets: number): number {
  return (cpuSeconds / packets) * PACKETS_PER_MINUTE;
}

function rowOf(subject: SubjectName, outcomes: readonly Outcome[], floors: readonly number[]): CostRow {
  const costs = outcomes.map(({ cpuSeconds, cpuPackets }) => perSpeakerMinute(cpuSeconds, cpuPackets));
  const middle = (pick: (outcome: Outcome) => number): number => spreadOf(outcomes.map(pick)).median;
  const percentiles = (of: "handlerUs" | "loopDelayMs") => ({
    p50: middle(({ probe }) => probe?.[of].p50 ?? Number.NaN),
    p99: middle(({ probe }) => probe?.[of].p99 ?? Number.NaN),
    p999: middle(({ probe }) => probe?.[of].p999 ?? Number.NaN),
  });
  const threads = new Set(outcomes.flatMap(({ byThread }) => Object.keys(byThread)));
  return {
    subject,
    cpuPerSpeakerMinute: spreadOf(costs),
    toFloor: spreadOf(costs.map((cost, round) => cost / (floors[round] ?? Number.NaN))),
    byThread: Object.fromEntries(
      [...threads].map((name) => [
        name,
        middle(({ byThread, cpuPackets }) => perSpeakerMinute(byThread[name] ?? 0, cpuPackets)),
      ]),
    ),
    lostPackets: outcomes.reduce((sum, { lostPackets }) => sum + lostPackets, 0),
    sentPackets: outcomes.reduce((sum, { spoken }) => sum + spoken.packets, 0),
    handlerUs: percentiles("handlerUs"),
    loopDelayMs: percentiles("loopDelayMs"),
    senderP99Ms: Math.max(...outcomes.map(({ spoken }) => spoken.lateness.p99Ms)),
  };
}

export function costTable({ plan, floor, pipeline, rows }: Cost): Table {
  const { speakers, seconds, rounds, dave } = plan;
  return {
    title: `Cost: ${speakers} people talk for ${seconds} s, DAVE ${dave ? "on" : "off"}, median of ${rounds} (least–most)`,
    columns: [
      "",
      "CPU s per speaker-minute",
      "÷ floor",
      "datagram keeps the thread, µs p50 / p99 / p99.9",
      "loop delay, ms p50 / p99 / p99.9",
      "lost",
      "load late, p99",
    ],
    rows: [
      ["floor: decode, copy, write", spread(floor, 3), "1", ...Array<string>(4).fill("")],
      [
        "pipeline without network",
        spread(pipeline, 3),
        fixed(pipeline.median / floor.median, 2),
        ...Array<string>(4).fill(""),
      ],
      ...rows.map((row) => [
        LABELS[row.subject],
        spread(row.cpuPerSpeakerMinute, 3),
        spread(row.toFloor, 2),
        three(row.handlerUs, 0),
        three(row.loopDelayMs, 1),
        `${row.lostPackets} of ${row.sentPackets}`,
        `${fixed(row.senderP99Ms, 1)} ms`,
      ]),
    ],
    notes: rows
      .filter(({ subject }) => subject === "ours")
      .map(
        ({ byThread }) =>
          `${LABELS.ours} by thread, CPU s per speaker-minute: ${Object.entries(byThread)
            .map(([name, seconds]) => `${name} ${fixed(seconds, 3)}`)
            .join(", ")}; the rest is Node's and V8's.`,
      ),
  };
}

function three(
  of: { readonly p50: number; readonly p99: number; readonly p999: number },
  digits: number,
): string {
  return [of.p50, of.p99, of.p999].map((value) => fixed(value, digits)).join(" / ");
}

export function costPanel({ plan, floor, pipeline, rows }: Cost): Panel {
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
      bar("floor: decode, copy, write", floor, false),
      bar("this recorder, without network", pipeline, true),
      ...rows.map((row) => bar(LABELS[row.subject], row.cpuPerSpeakerMinute, row.subject === "ours")),
    ],
  };
}
