import { SAMPLE_RATE } from "../audio/pcm.ts";
import { fromErrorData, toErrorData } from "../errors.ts";
import type { ErrorData, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { FrameProducer } from "../queue/frame-queue.ts";
import type { FrameQueueMemory } from "../queue/frame-queue.ts";
import type {
  CapturedBefore,
  CaptureEvent,
  CaptureRequest,
  CaptureResult,
  CaptureStage,
  RecordingHandle,
} from "../recordings/stages.ts";
import { CaptureHost } from "./capture-host.ts";
import type { RecordingReport } from "./capture-host.ts";
import { closing, died, stuck } from "./capture-errors.ts";
import { CaptureBooks, createBooksMemory } from "./capture-books.ts";
import { remember, resultWithoutThread, resumptionOf } from "./capture-record.ts";
import type { CaptureRecord } from "./capture-record.ts";
import { LINK_TIMING } from "./link-timing.ts";
import type { LinkTiming } from "./link-timing.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import type { VoiceGateway } from "./voice-gateway.ts";

export type CaptureThreadOptions = {
  readonly memory: FrameQueueMemory;
  readonly gateway: VoiceGateway;
  /** Ogg Opus, spoken after joining where asked. */
  readonly announcement: Uint8Array;
  readonly log: Log;
  readonly logLevel: string;
  readonly linkTiming?: Partial<LinkTiming>;
};

/** The thread's own guard is 15 s; this one is for a thread that no longer answers. */
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

/** Discord answers a join only if we are not there: leave, wait this long, join again. */
const RESTART_PAUSE_MS = 1_000;
/** A thread that dies this often in a minute is not started again. */
const MAX_DEATHS = 3;
const DEATH_WINDOW_MS = 60_000;

const RESULTS_KEPT = 16;

/**
 * Lives on the main thread. The capture stage: starts its thread with the first recording, carries the main gateway's
 * voice messages to and fro. When the thread dies, a new one goes on with its recordings; when it keeps dying, they end, and
 * can still be stopped: with what is known.
 */
export class CaptureThread implements CaptureStage {
  readonly #options: CaptureThreadOptions;
  readonly #host: CaptureHost;
  readonly #captures = new Map<RecordingHandle, CaptureRecord>();
  /** Of recordings that ended lately, the oldest first: a stop may be repeated. */
  readonly #results = new Map<RecordingHandle, CaptureResult>();
  readonly #listeners: ((event: CaptureEvent) => void)[] = [];
  #closing: Promise<void> | undefined;
  /** When the thread died lately. */
  #deathsMs: number[] = [];

  private constructor(options: CaptureThreadOptions) {
    this.#options = options;
    const { memory, announcement, logLevel, log } = options;
    const linkTiming = { ...LINK_TIMING, ...options.linkTiming };
    this.#host = new CaptureHost(
      { memory, announcement, logLevel, linkTiming },
      { onReport: (report) => this.#onReport(report), onEnded: (cause) => this.#onDeath(cause) },
      log,
    );
  }

  static async start(options: CaptureThreadOptions): Promise<CaptureThread> {
    return new CaptureThread(options);
  }

  /** Whether the thread runs. It starts with the first recording. */
  get alive(): boolean {
    return this.#host.alive;
  }

  onEvent(listener: (event: CaptureEvent) => void): void {
    this.#listeners.push(listener);
  }

  async start(request: CaptureRequest): Promise<{ readonly startedAtMs: number }> {
    if (this.#closing !== undefined) throw closing();
    if (this.#captures.has(request.handle) || this.#results.has(request.handle))
      throw new Error(`The recording handle ${request.handle} is in use.`);
    const { handle, guildId } = request;
    const capture: CaptureRecord = {
      request,
      admission: request.continues?.moved === true ? "told" : "done",
      unheard: new Set(request.continues?.unheard),
      started: Promise.withResolvers(),
      stopped: Promise.withResolvers(),
      unsubscribe: this.#options.gateway.subscribe(guildId, (update) => {
        this.#host.post({ kind: "voice-update", handle, update });
      }),
      state: "connecting",
      zeroMs: 0,
      books: createBooksMemory(),
      orphaned: false,
      resumeTimer: undefined,
    };
    this.#captures.set(handle, capture);
    if (request.continues !== undefined) return this.#goOn(capture, request.continues);
    const timer = setTimeout(() => {
      this.#host.post({ kind: "stop", handle });
      this.#sendLeave(guildId);
      this.#failStart(capture, stuck());
    }, START_TIMEOUT_MS);
    this.#host.ensure();
    this.#host.post({ kind: "start", request, books: capture.books, resumption: undefined });
    try {
      return await capture.started.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes up an earlier process's recording: people cannot be heard before the first `connected`. */
  #goOn(capture: CaptureRecord, before: CapturedBefore): { readonly startedAtMs: number } {
    const { startedAtMs } = before;
    capture.state = "running";
    // Never before what is there already, should the wall clock have been set back since.
    const ranMs = Math.max(Date.now() - startedAtMs, (before.position * 1000) / SAMPLE_RATE);
    capture.zeroMs = monotonicMs() - ranMs;
    new CaptureBooks(capture.books).restore(before);
    this.#handOver(capture);
    return { startedAtMs };
  }

  async stop(handle: RecordingHandle): Promise<CaptureResult> {
    const result = this.#results.get(handle);
    if (result !== undefined) return result;
    const capture = this.#captures.get(handle);
    if (capture === undefined) throw new Error(`There is no recording with the handle ${handle}.`);
    if (capture.state === "connecting" || capture.state === "running") {
      if (capture.state === "running") capture.state = "stopping";
      if (!this.#host.alive || capture.orphaned) {
        this.#leaveFor(capture);
      } else {
        const timer = setTimeout(() => {
          this.#options.log.error(
            { recording: handle },
            "the capture thread does not answer: ending without it",
          );
          this.#leaveFor(capture);
        }, STOP_TIMEOUT_MS);
        const clear = (): void => clearTimeout(timer);
        capture.stopped.promise.then(clear, clear);
        this.#host.post({ kind: "stop", handle });
      }
    }
    return await capture.stopped.promise;
  }

  admit(handle: RecordingHandle, channelId: string): void {
    const capture = this.#captures.get(handle);
    if (capture?.request.channelId === channelId && capture.admission === "due") capture.admission = "told";
    this.#host.post({ kind: "admit", handle, channelId });
  }

  reconnect(handle: RecordingHandle, reason: string): void {
    this.#host.post({ kind: "reconnect", handle, reason });
  }

  /** Leaves every channel and ends the thread. Idempotent. Stop recordings first, to have their results. */
  close(): Promise<void> {
    this.#closing ??= this.#host.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onReport(message: RecordingReport): void {
    if (message.kind === "payload") {
      // A late goodbye in the name of a recording that is over would end the guild's next one.
      if (!this.#captures.has(message.handle)) return;
      const sent = this.#options.gateway.send(message.guildId, message.payload);
      if (!sent) this.#host.post({ kind: "gateway-refused", handle: message.handle });
      return;
    }
    if (message.kind === "event") {
      this.#onCaptureEvent(message.event);
      return;
    }
    const capture = this.#captures.get(message.handle);
    if (capture === undefined) return;
    switch (message.kind) {
      case "started":
        if (capture.state === "connecting") capture.state = "running";
        capture.zeroMs = message.zeroMs;
        capture.started.resolve({ startedAtMs: message.startedAtMs });
        return;
      case "start-failed":
        if (capture.state === "connecting") this.#failStart(capture, fromErrorData(message.error));
        else this.#onOrphaned(capture, message.error);
        return;
      case "stopped":
        this.#finish(capture, message.result);
        return;
    }
  }

  #onCaptureEvent(event: CaptureEvent): void {
    const capture = this.#captures.get(event.handle);
    if (capture !== undefined) remember(capture, event);
    for (const listener of this.#listeners) listener(event);
  }

  #onDeath(cause: unknown): void {
    if (this.#closing !== undefined) return this.#endWithoutThread();
    const nowMs = monotonicMs();
    this.#deathsMs = this.#deathsMs.filter((atMs) => nowMs - atMs < DEATH_WINDOW_MS);
    this.#deathsMs.push(nowMs);
    const error = died(cause);
    const goOn = this.#deathsMs.length < MAX_DEATHS;
    for (const capture of this.#captures.values()) {
      if (capture.state === "connecting") {
        this.#sendLeave(capture.request.guildId);
        this.#failStart(capture, error);
      } else if (capture.state === "stopping") this.#leaveFor(capture);
      else if (capture.state === "running" && goOn) this.#resume(capture, error);
      else if (capture.state === "running") this.#onOrphaned(capture, toErrorData(error));
    }
  }

  /** No thread has the recording any more, nor will have it. */
  #onOrphaned(capture: CaptureRecord, error: ErrorData): void {
    capture.orphaned = true;
    if (capture.state === "stopping") this.#leaveFor(capture);
    else if (capture.state === "running")
      this.#onCaptureEvent({ kind: "ended", handle: capture.request.handle, error });
  }

  /** Hands a recording to a new thread; in the meantime it is interrupted. */
  #resume(capture: CaptureRecord, error: RecorderError): void {
    const { handle } = capture.request;
    const books = new CaptureBooks(capture.books);
    books.settleAfterDeath();
    // Everything after the thread's last sign of life is missing, however late its death came to be known.
    this.#onCaptureEvent({ kind: "interrupted", handle, position: books.seenAlive, reason: error.message });
    this.#handOver(capture);
  }

  /** Gives a running recording to a new thread, after leaving in the name of whoever had it. */
  #handOver(capture: CaptureRecord): void {
    capture.orphaned = true;
    this.#sendLeave(capture.request.guildId);
    // Another recording's thread may have died within the pause.
    clearTimeout(capture.resumeTimer);
    capture.resumeTimer = setTimeout(() => {
      if (capture.state !== "running" || this.#closing !== undefined) return;
      capture.orphaned = false;
      this.#host.ensure();
      const { request, books } = capture;
      this.#host.post({ kind: "start", request, books, resumption: resumptionOf(capture) });
    }, RESTART_PAUSE_MS);
  }

  /** Closing has ended the thread: whoever still waits gets what is known. */
  #endWithoutThread(): void {
    for (const capture of this.#captures.values()) {
      if (capture.state === "connecting") this.#failStart(capture, closing());
      else if (capture.state === "stopping") this.#leaveFor(capture);
    }
  }

  #failStart(capture: CaptureRecord, error: RecorderError): void {
    capture.state = "over";
    capture.unsubscribe();
    this.#captures.delete(capture.request.handle);
    capture.started.reject(error);
    capture.stopped.reject(error);
    // Nobody need wait for it; the rejection of `started` says it all.
    capture.stopped.promise.catch(() => undefined);
  }

  /** Leaves the channel in the thread's place, and answers with what it last told. */
  #leaveFor(capture: CaptureRecord): void {
    this.#sendLeave(capture.request.guildId);
    this.#finish(capture, resultWithoutThread(capture, new FrameProducer(this.#options.memory).tail));
  }

  #finish(capture: CaptureRecord, result: CaptureResult): void {
    if (capture.state === "over") return;
    capture.state = "over";
    clearTimeout(capture.resumeTimer);
    capture.unsubscribe();
    const { handle } = capture.request;
    this.#captures.delete(handle);
    this.#results.set(handle, result);
    for (const [oldest] of this.#results) {
      if (this.#results.size <= RESULTS_KEPT) break;
      this.#results.delete(oldest);
    }
    capture.stopped.resolve(result);
  }

  #sendLeave(guildId: string): void {
    const d = { guild_id: guildId, channel_id: null, self_deaf: false, self_mute: false };
    this.#options.gateway.send(guildId, { op: 4, d });
  }
}
