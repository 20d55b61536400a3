/** How modules that are loaded before a program hand out what they measured, on whichever thread that was. */
import { writeFileSync } from "node:fs";
import type { Histogram } from "node:perf_hooks";
import { BroadcastChannel, isMainThread } from "node:worker_threads";

export type Percentiles = {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

const REPORT_MS = 500;

/** On the main thread, which outlives the others: what is reported last is in this file once the process has ended by itself. */
export function keepFigures(file: string): void {
  if (!isMainThread) return;
  let last: unknown;
  const channel = new BroadcastChannel(file);
  channel.unref();
  channel.addEventListener("message", (event) => {
    if ("data" in event) last = event.data;
  });
  process.on("exit", () => {
    if (last !== undefined) writeFileSync(file, JSON.stringify(last));
  });
}

/** On any thread: reports again and again for whoever keeps that file. */
export function reportFigures(file: string, figures: () => unknown): void {
  const channel = new BroadcastChannel(file);
  channel.unref();
  setInterval(() => channel.postMessage(figures()), REPORT_MS).unref();
}

/** @param less of each value, in units: what a histogram's own resolution adds */
export function percentiles(histogram: Histogram, perUnit: number, less = 0): Percentiles {
  const at = (percentile: number): number => Math.max(0, histogram.percentile(percentile) / perUnit - less);
  return { p50: at(50), p99: at(99), p999: at(99.9), max: Math.max(0, histogram.max / perUnit - less) };
}
