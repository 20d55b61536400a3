/**
 * Loaded before any of the programs, with `node --import`: on the thread that owns the voice socket, how long each
 * datagram keeps it and how late its event loop is. Sits below the program, in `node:dgram`, so it is the same for all.
 * The figures are in the file named by BENCH_PROBE once the process has ended by itself.
 */
import { Socket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { createHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Histogram } from "node:perf_hooks";
import { BroadcastChannel, isMainThread } from "node:worker_threads";

export type ProbeFigures = {
  readonly datagrams: number;
  /** What the kernel holds for the voice socket, as Linux reports it: twice what counts for payload. */
  readonly receiveBufferBytes: number;
  /** How long the thread is busy with one datagram, as it comes. */
  readonly handlerUs: Percentiles;
  /** How late the thread's timers are. */
  readonly loopDelayMs: Percentiles;
};

export type Percentiles = {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

const CHANNEL = "bench-probe";
const RESOLUTION_MS = 10;
/** IP discovery and keep-alives are shorter; a silence frame under DAVE is not counted either. */
const MEDIA_BYTES = 75;
const REPORT_MS = 500;

const file = process.env["BENCH_PROBE"];
if (file !== undefined) {
  if (isMainThread) keep(file);
  watch();
}

/** The main thread outlives the others, so it keeps what they say. */
function keep(path: string): void {
  let last: ProbeFigures | undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  channel.addEventListener("message", (event) => {
    if ("data" in event) last = event.data as ProbeFigures;
  });
  process.on("exit", () => {
    if (last !== undefined) writeFileSync(path, JSON.stringify(last));
  });
}

function watch(): void {
  const handler = createHistogram();
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let datagrams = 0;
  let receiveBufferBytes = 0;
  const begin = (): void => {
    loop.enable();
    const channel = new BroadcastChannel(CHANNEL);
    channel.unref();
    const report = (): void => {
      const figures: ProbeFigures = {
        datagrams,
        receiveBufferBytes,
        handlerUs: percentiles(handler, 1e3, 0),
        loopDelayMs: percentiles(loop, 1e6, RESOLUTION_MS),
      };
      channel.postMessage(figures);
    };
    setInterval(report, REPORT_MS).unref();
  };
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { emit } = Socket.prototype;
  Socket.prototype.emit = function (this: Socket, event: string | symbol, ...args: unknown[]): boolean {
    const [datagram] = args;
    if (event !== "message" || !Buffer.isBuffer(datagram) || datagram.length < MEDIA_BYTES)
      return Reflect.apply(emit, this, [event, ...args]);
    if (datagrams++ === 0) {
      receiveBufferBytes = this.getRecvBufferSize();
      begin();
    }
    const from = performance.now();
    const handled = Reflect.apply(emit, this, [event, ...args]);
    handler.record(Math.max(1, Math.round((performance.now() - from) * 1e6)));
    return handled;
  };
}

function percentiles(histogram: Histogram, perUnit: number, less: number): Percentiles {
  const at = (percentile: number): number => Math.max(0, histogram.percentile(percentile) / perUnit - less);
  return { p50: at(50), p99: at(99), p999: at(99.9), max: Math.max(0, histogram.max / perUnit - less) };
}
