import { type ResourceLimits, Worker } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CaptureCommand, CaptureReport, CaptureWorkerData } from "./protocol.ts";

const CLOSE_TIMEOUT_MS = 5_000;

/**
 * 100 speakers need a tenth of the old generation: a leak ends this thread, which is started again, and not the process.
 * The young one would grow to 134 MB in a day by itself, and keep as much garbage of the decoder; kept small it costs no
 * more time.
 */
export const CAPTURE_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 12 };

/** What the thread says of recordings. */
export type RecordingReport = Exclude<CaptureReport, { readonly kind: "closed" }>;

export type CaptureHostListener = {
  readonly onReport: (report: RecordingReport) => void;
  /** The thread has ended, by itself or because it was closed; another may be started. */
  readonly onEnded: (cause: unknown) => void;
};

/** Lives on the main thread. One capture thread at a time: its start, its mail, its end. */
export class CaptureHost {
  readonly #data: CaptureWorkerData;
  readonly #listener: CaptureHostListener;
  readonly #log: Log;
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(data: CaptureWorkerData, listener: CaptureHostListener, log: Log) {
    this.#data = data;
    this.#listener = listener;
    this.#log = log;
  }

  get alive(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread unless it runs. */
  ensure(): void {
    if (this.#worker !== undefined) return;
    const worker = new Worker(new URL("./capture-worker.ts", import.meta.url), {
      workerData: this.#data,
      name: "capture",
      resourceLimits: CAPTURE_LIMITS,
    });
    this.#worker = worker;
    let cause: unknown;
    worker.on("message", (report: CaptureReport) => {
      // Not left to end by itself: a websocket's closing handshake could keep it for half a minute.
      if (report.kind === "closed") void worker.terminate();
      else this.#listener.onReport(report);
    });
    worker.on("error", (error: unknown) => {
      cause = error;
      this.#log.fatal({ error: messageOf(error) }, "the capture thread failed");
    });
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    worker.on("exit", () => {
      this.#worker = undefined;
      this.#listener.onEnded(cause);
      exited.resolve();
    });
  }

  /** Without a thread the message is for nobody. */
  post(command: CaptureCommand): void {
    this.#worker?.postMessage(command);
  }

  /** Has the thread leave everything and end; resolves when it has. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.post({ kind: "close" });
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
