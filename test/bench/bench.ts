/**
 * `npm run bench`: this recorder beside other ways of doing it, on the same packets in the same run.
 *
 * - `--quick`: fewer speakers, shorter, one round, without capacity and latency; under three minutes
 * - `--only cost,stall`: some of the measures
 * - `--guard`: the recorder beside the floor alone, exit 1 where it has become dearer or loses something; for CI
 * - `--out <folder>`: where the results go, by default a dated folder in test/bench/results/
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { missing } from "../support/wav-readers.ts";
import { guard } from "./guard.ts";
import { LONG, MEASURES, NEED_READERS } from "./measures.ts";
import { barChart } from "./report/bar-chart.ts";
import type { Panel } from "./report/bar-chart.ts";
import { machine } from "./report/machine.ts";
import { markdown } from "./report/table.ts";
import { targetsTable } from "./report/target.ts";
import type { Target } from "./report/target.ts";

const { values } = parseArgs({
  options: {
    guard: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    out: { type: "string" },
  },
});
if (values.guard) process.exit((await guard()) ? 0 : 1);

const noReaders = missing("sox", "ffprobe");
if (noReaders !== false) console.log(`Left out: ${[...NEED_READERS].join(", ")} (${noReaders}).`);
const names = (
  values.only?.split(",") ?? Object.keys(MEASURES).filter((name) => !values.quick || !LONG.has(name))
)
  .filter((name): name is keyof typeof MEASURES => name in MEASURES)
  .filter((name) => noReaders === false || !NEED_READERS.has(name));
if (names.length === 0) throw new Error(`--only takes some of: ${Object.keys(MEASURES).join(", ")}`);

const startedAt = new Date();
const before = machine();
const heading = `${startedAt.toISOString().slice(0, 16)}Z, ${before.cores} cores of ${before.cpu}, ${before.memoryGb} GiB, Linux ${before.kernel}, Node ${before.node}`;
console.log(`${heading}\n`);
const folder = resolve(
  values.out ??
    join(import.meta.dirname, "results", startedAt.toISOString().slice(0, 19).replaceAll(":", "-")),
);
mkdirSync(folder, { recursive: true });
const results: Record<string, unknown> = {};
const tables: string[] = [];
const panels: Panel[] = [];
const targets: Target[] = [];
for (const name of names) {
  const beganMs = performance.now();
  const text = await tablesOf(name);
  const { loadAverage } = machine();
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  tables.push(`${text}\n\nLoad average after this: ${loadAverage}; took ${seconds} s.`);
  console.log(`${tables.at(-1)}\n`);
  keep();
}
// A quick run is too short for some of them.
if (!values.quick && targets.length > 0) {
  const text = markdown(targetsTable(targets));
  tables.push(text);
  console.log(`${text}\n`);
  keep();
}
console.log(`Results: ${folder}`);

/** Measures and words it. A measure that fails is said to have, and does not take the others with it. */
async function tablesOf(name: keyof typeof MEASURES): Promise<string> {
  try {
    const {
      result,
      tables: found,
      panels: drawn = [],
      targets: own = [],
    } = await MEASURES[name](values.quick);
    // The load average stands beside every result: a busy machine is slow for all, but not evenly.
    results[name] = { loadAverage: machine().loadAverage, result };
    panels.push(...drawn);
    targets.push(...own);
    return found.map(markdown).join("\n\n");
  } catch (error) {
    process.exitCode = 1;
    results[name] = { failed: String(error) };
    return `### ${name}: failed\n\n${String(error)}`;
  }
}

/** After every measure: the next one may fail. */
function keep(): void {
  const record = { startedAt, quick: values.quick, machine: before, results, targets };
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(folder, "tables.md"), `${heading}\n\n${tables.join("\n\n")}\n`);
  writeFileSync(join(folder, "chart.svg"), barChart(panels, heading));
}
