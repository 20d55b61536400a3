import type {
  CaptureEvent,
  CaptureRequest,
  CaptureResult,
  CaptureStage,
} from "../../../src/recordings/stages.ts";
import { NO_PACKETS } from "../../../src/recordings/counts.ts";
import type { Gate, Journal } from "./journal.ts";

/** A capture stage without a network: people are heard when the test says so. */
export class QuietCapture implements CaptureStage {
  readonly #journal: Journal;
  readonly #listeners: ((event: CaptureEvent) => void)[] = [];
  readonly #heard = new Map<number, { track: number; userId: string }[]>();
  /** Set to refuse the next start. */
  refusal: Error | undefined;
  /** Set to keep starts, or stops, waiting. */
  startGate: Gate | undefined;
  stopGate: Gate | undefined;
  /** The handle of the last start. */
  handle = 0;
  lengthSamples = 96_000;
  /** The queue's tail after the last frame, where there is a queue. */
  fence: () => number = () => 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  async start(request: CaptureRequest): Promise<{ readonly startedAtMs: number }> {
    this.#journal.note("capture.start");
    this.handle = request.handle;
    this.#heard.set(request.handle, []);
    await this.startGate?.passed;
    if (this.refusal !== undefined) throw this.refusal;
    return { startedAtMs: Date.now() };
  }

  async stop(handle: number): Promise<CaptureResult> {
    this.#journal.note("capture.stop");
    await this.stopGate?.passed;
    const tracks = (this.#heard.get(handle) ?? []).map((one) => ({ ...one, counts: HEARD }));
    const connection = { datagrams: 60 * tracks.length, notMedia: 10, unattributed: 0 };
    return { lengthSamples: this.lengthSamples, fence: this.fence(), tracks, connection };
  }

  onEvent(listener: (event: CaptureEvent) => void): void {
    this.#listeners.push(listener);
  }

  readonly admitted: string[] = [];

  admit(_handle: number, channelId: string): void {
    this.admitted.push(channelId);
  }

  readonly reconnects: string[] = [];

  reconnect(_handle: number, reason: string): void {
    this.reconnects.push(reason);
  }

  emit(event: CaptureEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Somebody speaks for the first time. */
  hear(track: number, userId: string, handle = this.handle): void {
    this.#heard.get(handle)?.push({ track, userId });
    this.emit({ kind: "track", handle, track, userId, position: 960 });
  }

  progress(handle = this.handle): void {
    const tracks = (this.#heard.get(handle) ?? []).map((one) => ({ ...one, counts: HEARD }));
    const connection = { datagrams: 60, notMedia: 10, unattributed: 0 };
    this.emit({ kind: "progress", handle, position: 48_000, tracks, connection, queuedFrames: 3 });
  }
}

/** One second of speech of which everything arrived. */
export const HEARD = { ...NO_PACKETS, received: 50, written: 50 };
