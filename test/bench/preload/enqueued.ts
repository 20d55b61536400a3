/**
 * Loaded before any of the programs: how long it takes from the instant at which the thread that listens turns to a datagram
 * until the program has handed its audio on, to the queue, the file or the array that it keeps. Which instant that is differs:
 * `enqueued-ours.ts` and `enqueued-peers.ts` say it. The figures are in the file named by BENCH_ENQUEUED once the process has
 * ended by itself.
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
  const packets = new Waits();
  if (threadName === "capture") {
    const ticks = new Waits();
    (await import("./enqueued-ours.ts")).watch(packets, ticks);
    reportFigures(file, (): EnqueuedFigures => ({ ...packets.figures, tickMs: ticks.figures.ms }));
  } else if (process.env["BENCH_DIRECTORY"] !== undefined) {
    (await import("./enqueued-peers.ts")).watch(packets);
    reportFigures(file, (): EnqueuedFigures => ({ ...packets.figures, tickMs: undefined }));
  }
}
