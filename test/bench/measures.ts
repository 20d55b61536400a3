/** All that is measured, by name, with the sizes of a full and of a quick run. */
import { pickSeed } from "../capture/seeded-random.ts";
import { capacityTargets, measureCapacity } from "./measures/capacity.ts";
import { capacityLimitsTable, capacityPanel, capacityTable } from "./measures/capacity-table.ts";
import { costTargets, measureCost } from "./measures/cost.ts";
import { costPanel, costTable } from "./measures/cost-table.ts";
import { footprintTable, measureFootprint } from "./measures/footprint.ts";
import { killPanel, killTable, killTargets, measureKills } from "./measures/kill.ts";
import { latencyTable, measureLatency } from "./measures/latency.ts";
import { measureLoss, measureLossAlone, stallTargets } from "./measures/loss.ts";
import type { Loss } from "./measures/loss.ts";
import { lossPanel, pauseTable, stallAloneTable, stallTable } from "./measures/loss-table.ts";
import { measureMemory, memoryPanel, memoryTable, memoryTargets } from "./measures/memory.ts";
import { measureOverflow, overflowTable, overflowTargets } from "./measures/overflow.ts";
import { measurePlacing, placingTable } from "./measures/placing.ts";
import { measurePush, pushTable, pushTargets } from "./measures/push.ts";
import type { Panel } from "./report/bar-chart.ts";
import type { Table } from "./report/table.ts";
import type { Target } from "./report/target.ts";

/** The stall that the chart shows. */
const SHOWN_STALL_SECONDS = 10;

export type Measured = {
  readonly result: unknown;
  readonly tables: readonly Table[];
  readonly panels?: readonly Panel[];
  readonly targets?: readonly Target[];
};

/** Read their files with sox and ffprobe. */
export const NEED_READERS: ReadonlySet<string> = new Set(["kill", "placing", "overflow"]);

/** Left out of a quick run unless asked for: these start many programs one after the other. */
export const LONG: ReadonlySet<string> = new Set(["capacity", "latency"]);

export const MEASURES = {
  cost: async (quick: boolean): Promise<Measured> => {
    const size = quick
      ? { speakers: 10, seconds: 4, warmUpSeconds: 2, rounds: 1 }
      : { speakers: 25, seconds: 6, warmUpSeconds: 4, rounds: 5 };
    const found = [await measureCost({ ...size, dave: true })];
    const targets = found.flatMap(costTargets);
    if (!quick) found.push(await measureCost({ ...size, rounds: 3, dave: false }));
    return { result: found, tables: found.map(costTable), panels: found.slice(0, 1).map(costPanel), targets };
  },
  latency: async (quick: boolean): Promise<Measured> => {
    const latency = await (quick ? measureLatency(10, 5, 1, ["ours", "sync"]) : measureLatency(25, 6, 3));
    return { result: latency, tables: [latencyTable(latency)] };
  },
  push: async (quick: boolean): Promise<Measured> => {
    const push = await (quick ? measurePush(100, 2, 1) : measurePush(100, 5, 3));
    return { result: push, tables: [pushTable(push)], targets: pushTargets(push) };
  },
  stall: async (quick: boolean): Promise<Measured> => {
    const losses: Loss[] = [];
    for (const seconds of quick ? [5] : [1, 5, 10, 30]) losses.push(await measureLoss("stall", 10, seconds));
    const alone = quick ? undefined : await measureLossAlone("stall", ["ours", "sync"], 25, 5);
    return {
      result: { together: losses, alone },
      tables: [stallTable(losses), ...(alone === undefined ? [] : [stallAloneTable(alone)])],
      panels: losses.filter(({ seconds }) => seconds === SHOWN_STALL_SECONDS || quick).map(lossPanel),
      targets: alone === undefined ? [] : stallTargets(alone),
    };
  },
  pause: async (quick: boolean): Promise<Measured> => {
    // Fifteen people are just more than the kernel's default buffer holds for 250 ms.
    const loss = await (quick ? measureLoss("pause", 15, 4) : measureLoss("pause", 25, 10));
    return { result: loss, tables: [pauseTable(loss)], panels: [lossPanel(loss)] };
  },
  overflow: async (quick: boolean): Promise<Measured> => {
    const overflow = await (quick ? measureOverflow(4, 256) : measureOverflow(10, 512));
    return { result: overflow, tables: [overflowTable(overflow)], targets: overflowTargets(overflow) };
  },
  kill: async (quick: boolean): Promise<Measured> => {
    const kills = await measureKills(5, quick ? [2.3] : [2.9, 3.3, 4.7, 6.1, 8.2]);
    return {
      result: kills,
      tables: [killTable(kills)],
      panels: [killPanel(kills)],
      targets: killTargets(kills),
    };
  },
  memory: async (quick: boolean): Promise<Measured> => {
    const memory = await (quick ? measureMemory(6, 8) : measureMemory(13, 600));
    return {
      result: memory,
      tables: [memoryTable(memory)],
      panels: [memoryPanel(memory)],
      targets: memoryTargets(memory),
    };
  },
  placing: async (quick: boolean): Promise<Measured> => {
    const placing = await measurePlacing(quick ? 60 : 300, pickSeed());
    return { result: placing, tables: [placingTable(placing)] };
  },
  footprint: async (quick: boolean): Promise<Measured> => {
    const footprint = await measureFootprint(quick ? 0.2 : 1, 0.3);
    return { result: footprint, tables: [footprintTable(footprint)] };
  },
  capacity: async (quick: boolean): Promise<Measured> => {
    const found = quick
      ? [await measureCapacity([60], 2, false, ["ours", "sync"])]
      : [
          await measureCapacity([50, 100, 150, 200, 300, 400], 4, false),
          // Seating a hundred people under DAVE takes the simulator half a minute.
          await measureCapacity([100], 4, true, ["ours"]),
        ];
    return {
      result: found,
      tables: found.flatMap((one) => [capacityTable(one), capacityLimitsTable(one)]),
      panels: found.slice(0, 1).map(capacityPanel),
      targets: found.slice(0, 1).flatMap(capacityTargets),
    };
  },
};
