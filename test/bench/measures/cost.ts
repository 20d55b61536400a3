/** What a minute of one speaker costs, and how long the thread that listens is held up: live, beside the floor. */
import { play } from "../harness/run.ts";
import type { Outcome } from "../harness/run.ts";
import { ratiosOf, spreadOf } from "../harness/statistics.ts";
import type { Spread } from "../harness/statistics.ts";
import { SUBJECTS } from "../harness/subject.ts";
import type { SubjectName } from "../harness/subject.ts";
import { atMost } from "../report/target.ts";
import type { Target } from "../report/target.ts";
import { perSpeakerMinute, runBaselines } from "./baselines.ts";
import type { Baselines } from "./baselines.ts";

export type CostPlan = {
  readonly speakers: number;
  readonly seconds: number;
  /** Talk before the clock starts. */
  readonly warmUpSeconds: number;
  readonly rounds: number;
  readonly dave: boolean;
};

export type Cost = {
  readonly plan: CostPlan;
  /** CPU seconds per minute of one speaker. */
  readonly baselines: Readonly<Record<keyof Baselines, Spread>>;
  readonly pipeline: Ratios & { readonly decodingThreadToDecoding: Spread };
  readonly rows: readonly CostRow[];
};

/** Of the same round, not of medians. */
export type Ratios = { readonly toFloor: Spread; readonly toCFloor: Spread };

export type CostRow = Ratios & {
  readonly subject: SubjectName;
  readonly cpuPerSpeakerMinute: Spread;
  readonly byThread: Readonly<Record<string, number>>;
  /** CPU of the thread that listens, whatever it does with them and whenever. */
  readonly listeningUsPerPacket: Spread;
  readonly lostPackets: number;
  /** Of these, for want of room in the socket's buffer. */
  readonly kernelDrops: number;
  readonly sentPackets: number;
  readonly handlerUs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** The load's own, the worst round. */
  readonly senderP99Ms: number;
};

/** Rounds are interleaved: each has the floors, the pipeline and every program once, in turn. */
export async function measureCost(plan: CostPlan): Promise<Cost> {
  const { speakers, seconds, warmUpSeconds, rounds, dave } = plan;
  const baselines: Baselines[] = [];
  const outcomes = new Map<SubjectName, Outcome[]>(SUBJECTS.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    baselines.push(await runBaselines(speakers));
    for (const name of SUBJECTS)
      outcomes.get(name)?.push(await play({ subject: name, speakers, seconds, dave, warmUpSeconds }));
  }
  const all = (name: keyof Baselines): number[] => baselines.map((one) => one[name]);
  const ratios = (costs: readonly number[]): Ratios => ({
    toFloor: spreadOf(ratiosOf(costs, all("floor"))),
    toCFloor: spreadOf(ratiosOf(costs, all("cFloor"))),
  });
  return {
    plan,
    baselines: {
      cFloor: spreadOf(all("cFloor")),
      floor: spreadOf(all("floor")),
      decoding: spreadOf(all("decoding")),
      pipeline: spreadOf(all("pipeline")),
      pipelineDecodingThread: spreadOf(all("pipelineDecodingThread")),
    },
    pipeline: {
      ...ratios(all("pipeline")),
      decodingThreadToDecoding: spreadOf(ratiosOf(all("pipelineDecodingThread"), all("decoding"))),
    },
    rows: SUBJECTS.map((name) => {
      const found = outcomes.get(name) ?? [];
      const costs = found.map(({ cpuSeconds, cpuPackets }) => perSpeakerMinute(cpuSeconds, cpuPackets));
      return {
        subject: name,
        cpuPerSpeakerMinute: spreadOf(costs),
        ...ratios(costs),
        ...heldUp(found),
      };
    }),
  };
}

function heldUp(
  outcomes: readonly Outcome[],
): Omit<CostRow, "subject" | "cpuPerSpeakerMinute" | keyof Ratios> {
  const middle = (pick: (outcome: Outcome) => number): number => spreadOf(outcomes.map(pick)).median;
  const percentiles = (of: "handlerUs" | "loopDelayMs") => ({
    p50: middle(({ probe }) => probe?.[of].p50 ?? Number.NaN),
    p99: middle(({ probe }) => probe?.[of].p99 ?? Number.NaN),
    p999: middle(({ probe }) => probe?.[of].p999 ?? Number.NaN),
  });
  const threads = new Set(outcomes.flatMap(({ byThread }) => Object.keys(byThread)));
  return {
    byThread: Object.fromEntries(
      [...threads].map((name) => [
        name,
        middle(({ byThread, cpuPackets }) => perSpeakerMinute(byThread[name] ?? 0, cpuPackets)),
      ]),
    ),
    listeningUsPerPacket: spreadOf(
      outcomes.map(({ listeningSeconds, cpuPackets }) => (listeningSeconds / cpuPackets) * 1e6),
    ),
    lostPackets: outcomes.reduce((sum, { lostPackets }) => sum + lostPackets, 0),
    kernelDrops: outcomes.reduce((sum, { kernelDrops }) => sum + kernelDrops, 0),
    sentPackets: outcomes.reduce((sum, { spoken }) => sum + spoken.packets, 0),
    handlerUs: percentiles("handlerUs"),
    loopDelayMs: percentiles("loopDelayMs"),
    senderP99Ms: Math.max(...outcomes.map(({ spoken }) => spoken.lateness.p99Ms)),
  };
}

/** Of the pipeline: what the network costs is the library's. */
export function costTargets({ pipeline, baselines }: Cost): Target[] {
  const inC = Number.isFinite(baselines.cFloor.median);
  const total = inC ? pipeline.toCFloor : pipeline.toFloor;
  return [
    atMost(`pipeline, CPU ÷ floor in ${inC ? "C" : "Node"}`, total.median, 1.4),
    atMost("its thread that decodes, CPU ÷ decoding alone", pipeline.decodingThreadToDecoding.median, 1.1),
  ];
}
