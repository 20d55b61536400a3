/**
 * Loaded before any of the programs: how long it takes from the instant at which the thread that listens turns to a datagram
 * until the program has handed its audio on, to the queue, the file or the array that it keeps. What that instant is differs:
 * see `WaysOut`. The figures are in the file named by BENCH_ENQUEUED once the process has ended by itself.
 */
import { createHistogram } from "node:perf_hooks";
import type { Histogram } from "node:perf_hooks";
import { threadName } from "node:worker_threads";
import { keepFigures, percentiles, reportFigures } from "./figures.ts";
import type { Percentiles } from "./figures.ts";

export type EnqueuedFigures = { readonly packets: number; readonly ms: Percentiles };

/** Code is compiled while it runs for the first time. */
const WARM_UP_MS = 3_000;

const file = process.env["BENCH_ENQUEUED"];
if (file !== undefined) {
  keepFigures(file);
  if (threadName === "capture") (await import("./enqueued-ours.ts")).watch(recorder(file));
  else if (process.env["BENCH_DIRECTORY"] !== undefined)
    (await import("./enqueued-peers.ts")).watch(recorder(file));
}

/** Takes one packet's milliseconds. */
function recorder(path: string): (milliseconds: number) => void {
  const histogram: Histogram & { record: (value: number) => void } = createHistogram();
  let beganMs: number | undefined;
  return (milliseconds) => {
    if (beganMs === undefined) {
      beganMs = performance.now();
      reportFigures(path, (): EnqueuedFigures => ({
        packets: histogram.count,
        ms: percentiles(histogram, 1e6),
      }));
    }
    if (performance.now() - beganMs < WARM_UP_MS) return;
    histogram.record(Math.max(1, Math.round(milliseconds * 1e6)));
  };
}
