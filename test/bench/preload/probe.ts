/**
 * Loaded before any of the programs, with `node --import`: on the thread that owns the voice socket, how long each
 * datagram keeps it and how late its event loop is. Sits below the program, in `node:dgram`, so it is the same for all.
 * The figures are in the file named by BENCH_PROBE once the process has ended by itself.
 */
import { Socket } from "node:dgram";
import { createHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { keepFigures, percentiles, reportFigures } from "./figures.ts";
import type { Percentiles } from "./figures.ts";

export type ProbeFigures = {
  readonly datagrams: number;
  /** What the kernel holds for the voice socket, as Linux reports it: twice what counts for payload. */
  readonly receiveBufferBytes: number;
  /** How long the thread is busy with one datagram, as it comes. */
  readonly handlerUs: Percentiles;
  /** How late the thread's timers are. */
  readonly loopDelayMs: Percentiles;
};

const RESOLUTION_MS = 10;
/** IP discovery and keep-alives are shorter; a silence frame under DAVE is not counted either. */
const MEDIA_BYTES = 75;

const file = process.env["BENCH_PROBE"];
if (file !== undefined) {
  keepFigures(file);
  watch(file);
}

function watch(path: string): void {
  const handler = createHistogram();
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let datagrams = 0;
  let receiveBufferBytes = 0;
  const begin = (): void => {
    loop.enable();
    reportFigures(path, (): ProbeFigures => ({
      datagrams,
      receiveBufferBytes,
      handlerUs: percentiles(handler, 1e3),
      loopDelayMs: percentiles(loop, 1e6, RESOLUTION_MS),
    }));
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
