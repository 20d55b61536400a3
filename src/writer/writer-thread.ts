/** The main thread's handle of the writer thread. */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { RecorderError, toErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { type FrameQueueMemory, wakeConsumer } from "../queue/frame-queue.ts";
import type { RecordingEvent } from "../recordings/events.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type {
  OpenRequest,
  RecordingHandle,
  WriterEvent,
  WriterStage,
  WrittenTrack,
} from "../recordings/stages.ts";
import { ThreadDeaths } from "../thread-deaths.ts";
import type { FromWriter, ToWriter, WriterCall, WriterWorkerData } from "./protocol.ts";
import { WriterCalls } from "./writer-calls.ts";
import type { CallWithoutNumber } from "./writer-calls.ts";

const SHUTDOWN_DEADLINE_MS = 5_000;
/** A few megabytes are needed: a leak ends this thread, which is replaced, and not the process. */
const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };
/** Within a minute; a thread that dies once more is not started again by itself: closing or opening a recording tries. */
const TOLERATED_DEATHS = 3;

export type WriterThreadOptions = {
  readonly memory: FrameQueueMemory;
  readonly log: Log;
  /** Level of the thread's own log lines. */
  readonly logLevel: string;
};

/** What another thread must know to go on with a recording. */
type OpenRecording = {
  readonly request: OpenRequest;
  /** The last one written. */
  manifest: Manifest;
  readonly names: Map<number, string>;
};

/**
 * Lives on the main thread. The thread itself starts with the first `open()`. Every call ends within 30 s: answered,
 * or rejected with `E-WRITER`. When the thread dies, another one takes up its recordings, the queue and the calls that
 * wait. When that happens too often, the recordings get a `fault` event; closing them starts one more thread, and where
 * that dies too, their files stay valid as they are.
 */
export class WriterThread implements WriterStage {
  readonly #options: WriterThreadOptions;
  readonly #calls = new WriterCalls();
  readonly #deaths = new ThreadDeaths(TOLERATED_DEATHS);
  readonly #listeners: ((event: WriterEvent) => void)[] = [];
  readonly #open = new Map<RecordingHandle, OpenRecording>();
  /** Those of the open ones that lost too many threads. */
  readonly #givenUp = new Set<RecordingHandle>();
  #worker: Worker | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: WriterThreadOptions) {
    this.#options = options;
  }

  /** Ready to open recordings. */
  static async start(options: WriterThreadOptions): Promise<WriterThread> {
    return new WriterThread(options);
  }

  /** Whether the thread runs, or has not been needed yet. */
  get alive(): boolean {
    return this.#closing === undefined && (this.#worker !== undefined || !this.#deaths.any);
  }

  onEvent(listener: (event: WriterEvent) => void): void {
    this.#listeners.push(listener);
  }

  async open(request: OpenRequest): Promise<void> {
    this.#startWorker();
    await this.#call({ kind: "open", request });
    this.#open.set(request.handle, { request, manifest: request.manifest, names: new Map() });
  }

  nameTrack(handle: RecordingHandle, track: number, name: string): void {
    this.#open.get(handle)?.names.set(track, name);
    this.#post({ kind: "nameTrack", handle, track, name });
  }

  recordEvent(handle: RecordingHandle, event: RecordingEvent): void {
    this.#post({ kind: "recordEvent", handle, event });
  }

  async writeManifest(handle: RecordingHandle, manifest: Manifest): Promise<void> {
    await this.#call({ kind: "writeManifest", handle, manifest });
    const open = this.#open.get(handle);
    if (open !== undefined) open.manifest = manifest;
  }

  /** Without arguments: ends the thread, within 5 s; recordings still open stay valid as they are. Idempotent. */
  async close(): Promise<void>;
  async close(
    handle: RecordingHandle,
    end: { readonly lengthSamples: number; readonly fence: number },
  ): Promise<readonly WrittenTrack[]>;
  async close(
    handle?: RecordingHandle,
    end?: { readonly lengthSamples: number; readonly fence: number },
  ): Promise<readonly WrittenTrack[] | void> {
    if (handle === undefined || end === undefined) return this.#shutdown();
    if (this.#worker === undefined && this.#givenUp.has(handle)) this.#goOn();
    return this.#call({ kind: "close", handle, lengthSamples: end.lengthSamples, fence: end.fence });
  }

  async release(handle: RecordingHandle): Promise<void> {
    try {
      await this.#call({ kind: "release", handle });
    } finally {
      this.#forget(handle);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #startWorker(): void {
    if (this.#worker !== undefined || this.#closing !== undefined) return;
    const { memory, logLevel, log } = this.#options;
    const workerData: WriterWorkerData = { memory, logLevel };
    const worker = new Worker(new URL("./writer-worker.ts", import.meta.url), {
      workerData,
      name: "writer",
      resourceLimits: LIMITS,
    });
    this.#worker = worker;
    worker.on("message", (message: FromWriter) => this.#receive(message));
    worker.on("error", (error) => log.error({ err: error }, "the writer thread failed"));
    worker.on("exit", () => this.#ended(worker));
  }

  #post(message: ToWriter): void {
    this.#worker?.postMessage(message);
    wakeConsumer(this.#options.memory);
  }

  #call(message: CallWithoutNumber): Promise<readonly WrittenTrack[]> {
    if (this.#worker === undefined || this.#closing !== undefined) return Promise.reject(notRunning());
    const { numbered, answer } = this.#calls.begin(message);
    this.#post(numbered);
    return answer;
  }

  #receive(message: FromWriter): void {
    if (message.kind === "event") return this.#emit(message.event);
    this.#calls.settle(message);
  }

  #emit(event: WriterEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The thread is no more: expected after `shutdown`; otherwise another one goes on, or it is a fault. */
  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#closing !== undefined) return this.#calls.rejectAll(notRunning());
    this.#options.log.error({ recordings: this.#open.size }, "the writer thread ended unexpectedly");
    if (this.#deaths.note(performance.now())) return this.#goOn();
    this.#calls.rejectAll(notRunning());
    for (const handle of this.#open.keys()) this.#giveUp(handle);
  }

  /** The recording cannot go on; whoever closes it has one more thread for that, once. */
  #giveUp(handle: RecordingHandle): void {
    if (this.#givenUp.has(handle)) return this.#forget(handle);
    this.#givenUp.add(handle);
    this.#fault(handle, notRunning());
  }

  #forget(handle: RecordingHandle): void {
    this.#open.delete(handle);
    this.#givenUp.delete(handle);
  }

  /** Another thread takes up the recordings first, then the calls that the dead one did not answer, in their order. */
  #goOn(): void {
    this.#startWorker();
    const { unanswered } = this.#calls;
    const opening = new Set<RecordingHandle>();
    for (const message of unanswered) {
      if (!isOpening(message)) continue;
      opening.add(message.request.handle);
      this.#post({ ...message, request: { ...message.request, continues: true } });
    }
    for (const [handle, { names }] of this.#open) {
      if (!opening.has(handle)) void this.#reopen(handle);
      for (const [track, name] of names) this.#post({ kind: "nameTrack", handle, track, name });
    }
    for (const message of unanswered) if (!isOpening(message)) this.#post(message);
  }

  async #reopen(handle: RecordingHandle): Promise<void> {
    const open = this.#open.get(handle);
    if (open === undefined) return;
    const { manifest, request } = open;
    try {
      await this.#call({ kind: "reopen", request: { ...request, manifest, continues: true } });
    } catch (error) {
      // Told once, by whoever gave the recording up.
      if (!this.#open.has(handle) || this.#givenUp.has(handle)) return;
      this.#forget(handle);
      this.#fault(handle, error);
    }
  }

  #fault(handle: RecordingHandle, error: unknown): void {
    this.#emit({ kind: "fault", handle, error: toErrorData(error) });
  }

  #shutdown(): Promise<void> {
    this.#closing ??= this.#endWorker();
    return this.#closing;
  }

  async #endWorker(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    worker.once("exit", () => resolve());
    this.#post({ kind: "shutdown" });
    const timer = setTimeout(() => {
      this.#options.log.error("the writer thread did not end in time; ending it");
      // A thread inside a stalled disk operation cannot even be ended: do not wait for it.
      worker.unref();
      void worker.terminate();
      resolve();
    }, SHUTDOWN_DEADLINE_MS);
    await ended;
    clearTimeout(timer);
  }
}

function isOpening(message: WriterCall): message is Extract<WriterCall, { readonly request: OpenRequest }> {
  return message.kind === "open" || message.kind === "reopen";
}

function notRunning(): RecorderError {
  return new RecorderError(
    "E-WRITER",
    "The writer is not running.",
    "What was written is kept and playable; start a new recording.",
  );
}
