/**
 * `npm run bench`: this recorder beside other ways of doing it, on the same packets in the same run.
 *
 * - `--quick`: fewer speakers, shorter, one round; under three minutes
 * - `--only cost,stall`: some of the measures
 * - `--out <folder>`: where the results go, by default a dated folder in test/bench/results/
 */
import "../../src/require-node.ts";

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MEASURES } from "./measures.ts";
import { machine } from "./report/machine.ts";
import { markdown } from "./report/table.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: Object.keys(MEASURES).join(",") },
    out: { type: "string" },
  },
});
const names = values.only.split(",").filter((name): name is keyof typeof MEASURES => name in MEASURES);
if (names.length === 0) throw new Error(`--only takes some of: ${Object.keys(MEASURES).join(", ")}`);

const startedAt = new Date();
const before = machine();
const heading = `${startedAt.toISOString().slice(0, 16)}Z, ${before.cores} cores of ${before.cpu}, ${before.memoryGb} GiB, Linux ${before.kernel}, Node ${before.node}`;
console.log(`${heading}\n`);
const results: Record<string, unknown> = {};
const tables: string[] = [];
for (const name of names) {
  const { result, tables: found } = await MEASURES[name](values.quick);
  results[name] = result;
  // The load average stands beside every table: a busy machine is slow for all, but not evenly.
  const load = `Load average after this: ${machine().loadAverage}.`;
  const text = [...found.map(markdown), load].join("\n\n");
  tables.push(text);
  console.log(`${text}\n`);
}

const folder = resolve(
  values.out ??
    join(import.meta.dirname, "results", startedAt.toISOString().slice(0, 19).replaceAll(":", "-")),
);
mkdirSync(folder, { recursive: true });
const record = {
  startedAt,
  quick: values.quick,
  machine: before,
  loadAverageAfter: machine().loadAverage,
  results,
};
writeFileSync(join(folder, "results.json"), `${JSON.stringify(record, null, 2)}\n`);
writeFileSync(join(folder, "tables.md"), `${heading}\n\n${tables.join("\n\n")}\n`);
console.log(`Results: ${folder}`);
