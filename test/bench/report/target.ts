/** What the recorder is meant to reach, as ratios of one run, and whether it did. Pure. */
import type { Table } from "./table.ts";
import { fixed } from "./words.ts";

export type Target = {
  readonly metric: string;
  readonly measured: string;
  readonly asked: string;
  readonly kept: boolean;
};

/** A value that was not measured misses its target. */
export function atMost(metric: string, value: number, bound: number, digits = 2): Target {
  return { metric, measured: fixed(value, digits), asked: `≤ ${bound}`, kept: value <= bound };
}

export function atLeast(metric: string, value: number, bound: number, digits = 1): Target {
  return { metric, measured: fixed(value, digits), asked: `≥ ${bound}`, kept: value >= bound };
}

export function targetsTable(targets: readonly Target[]): Table {
  const kept = targets.filter((target) => target.kept).length;
  return {
    title: `Targets: ${kept} of ${targets.length} kept`,
    columns: ["", "measured", "target", ""],
    rows: targets.map((target) => [
      target.metric,
      target.measured,
      target.asked,
      target.kept ? "kept" : "missed",
    ]),
  };
}
