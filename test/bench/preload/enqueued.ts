/**
 * Loaded before any of the programs: how long it takes from the instant at which the thread that listens turns to a datagram
 * until the program has handed its audio on, to the queue, the file or the array that it keeps. Which instant that is differs:
 * `enqueued-ours.ts` and `enqueued-peers.ts` say it. The figures are in the file named by BENCH_ENQUEUED once the process has ended by itself.
 */
import { threadName } from "node:worker_threads";
import { keepFigures, reportFigures } from "./figures.ts";
import type { Percentiles } from "./figures.ts";
import { Waits } from "./waits.ts";

export type EnqueuedFigures = {
  readonly packets: number;
  readonly ms: Percentiles;
  /** How long a tick takes, where a program has one. */
  readonly tickMs: Percentiles | undefined;
};

const file = process.env["BENCH_ENQUEUED"];
if (file !== undefined) {
  keepFigures(file);
  if (threadName === "capture") {
    const { watch } = await import("./enqueued-ours.ts");
    const waits = new Waits();
    const ticks = watch((milliseconds) => waits.record(milliseconds));
    reportFigures(file, (): EnqueuedFigures => ({ ...waits.figures, tickMs: ticks() }));
  } else if (process.env["BENCH_DIRECTORY"] !== undefined) {
    const { watch } = await import("./enqueued-peers.ts");
    const waits = new Waits();
    watch((milliseconds) => waits.record(milliseconds));
    reportFigures(file, (): EnqueuedFigures => ({ ...waits.figures, tickMs: undefined }));
  }
}
