import { fromErrorData, toErrorData } from "../errors.ts";
import type { ErrorData, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { FrameProducer } from "../queue/frame-producer.ts";
import type { FrameQueueMemory } from "../queue/frame-queue.ts";
import type {
  CaptureEvent,
  CaptureRequest,
  CaptureResult,
  CaptureStage,
  RecordingHandle,
} from "../recordings/stages.ts";
import { ThreadDeaths } from "../thread-deaths.ts";
import { CaptureHost } from "./capture-host.ts";
import type { RecordingReport } from "./capture-host.ts";
import { closing, died, stuck } from "./capture-errors.ts";
import { CaptureRecord } from "./capture-record.ts";
import { KeptResults } from "./kept-results.ts";
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
/** Within a minute; when the thread dies once more, its recordings end. */
const TOLERATED_DEATHS = 2;

/**
 * Lives on the main thread. The capture stage: starts its thread with the first recording, carries the main gateway's
 * voice messages to and fro. When the thread dies, a new one goes on with its recordings; when it keeps dying, they end, and
 * can still be stopped: with what is known.
 */
export class CaptureThread implements CaptureStage {
  readonly #options: CaptureThreadOptions;
  readonly #host: CaptureHost;
  readonly #deaths = new ThreadDeaths(TOLERATED_DEATHS);
  readonly #captures = new Map<RecordingHandle, CaptureRecord>();
  readonly #results = new KeptResults();
  readonly #listeners: ((event: CaptureEvent) => void)[] = [];
  #closing: Promise<void> | undefined;

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
    if (this.#captures.has(request.handle) || this.#results.get(request.handle) !== undefined)
      throw new Error(`The recording handle ${request.handle} is in use.`);
    const { handle, guildId } = request;
    const unsubscribe = this.#options.gateway.subscribe(guildId, (update) => {
      this.#host.post({ kind: "voice-update", handle, update });
    });
    const capture = new CaptureRecord(request, unsubscribe);
    this.#captures.set(handle, capture);
    if (request.continues !== undefined) {
      // Taken up from an earlier process: people cannot be heard before the first `connected`.
      capture.goOnFrom(request.continues);
      this.#handOver(capture);
      return { startedAtMs: request.continues.startedAtMs };
    }
    const timer = setTimeout(() => {
      this.#host.post({ kind: "stop", handle });
      this.#sendLeave(guildId);
      this.#failStart(capture, stuck());
    }, START_TIMEOUT_MS);
    this.#host.ensure();
    this.#host.post(capture.startCommand());
    try {
      return await capture.started;
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(handle: RecordingHandle): Promise<CaptureResult> {
    const result = this.#results.get(handle);
    if (result !== undefined) return result;
    const capture = this.#captures.get(handle);
    if (capture === undefined) throw new Error(`There is no recording with the handle ${handle}.`);
    if (capture.state === "connecting" || capture.state === "running") {
      capture.stopping();
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
        capture.stopped.then(clear, clear);
        this.#host.post({ kind: "stop", handle });
      }
    }
    return await capture.stopped;
  }

  admit(handle: RecordingHandle, channelId: string): void {
    this.#captures.get(handle)?.admit(channelId);
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
        capture.begin(message);
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
    this.#captures.get(event.handle)?.remember(event);
    for (const listener of this.#listeners) listener(event);
  }

  #onDeath(cause: unknown): void {
    if (this.#closing !== undefined) return this.#endWithoutThread();
    const error = died(cause);
    const goOn = this.#deaths.note(monotonicMs());
    for (const capture of this.#captures.values()) {
      if (capture.state === "connecting") {
        this.#sendLeave(capture.guildId);
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
      this.#onCaptureEvent({ kind: "ended", handle: capture.handle, error });
  }

  /** Hands a recording to a new thread; in the meantime it is interrupted. */
  #resume(capture: CaptureRecord, error: RecorderError): void {
    const position = capture.settleAfterDeath();
    // Everything after the thread's last sign of life is missing, however late its death came to be known.
    this.#onCaptureEvent({ kind: "interrupted", handle: capture.handle, position, reason: error.message });
    this.#handOver(capture);
  }

  /** Gives a running recording to a new thread, after leaving in the name of whoever had it. */
  #handOver(capture: CaptureRecord): void {
    this.#sendLeave(capture.guildId);
    capture.handOverIn(RESTART_PAUSE_MS, () => {
      if (capture.state !== "running" || this.#closing !== undefined) return;
      capture.orphaned = false;
      this.#host.ensure();
      this.#host.post(capture.startCommand());
    });
  }

  /** Closing has ended the thread: whoever still waits gets what is known. */
  #endWithoutThread(): void {
    for (const capture of this.#captures.values()) {
      if (capture.state === "connecting") this.#failStart(capture, closing());
      else if (capture.state === "stopping") this.#leaveFor(capture);
    }
  }

  #failStart(capture: CaptureRecord, error: RecorderError): void {
    this.#captures.delete(capture.handle);
    capture.fail(error);
  }

  /** Leaves the channel in the thread's place, and answers with what it last told. */
  #leaveFor(capture: CaptureRecord): void {
    this.#sendLeave(capture.guildId);
    this.#finish(capture, capture.resultWithoutThread(new FrameProducer(this.#options.memory).tail));
  }

  #finish(capture: CaptureRecord, result: CaptureResult): void {
    if (capture.state === "over") return;
    const { handle } = capture;
    this.#captures.delete(handle);
    this.#results.keep(handle, result);
    capture.finish(result);
  }

  #sendLeave(guildId: string): void {
    const d = { guild_id: guildId, channel_id: null, self_deaf: false, self_mute: false };
    this.#options.gateway.send(guildId, { op: 4, d });
  }
}
