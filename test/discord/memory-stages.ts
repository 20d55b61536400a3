/** Capture and writer in memory, for tests of the Discord side: the real recorder works with them as with the real ones. */
import type { VoiceGateway, VoiceUpdate } from "../../src/capture/voice-gateway.ts";
import type { ErrorData } from "../../src/errors.ts";
import type { RecordingEvent } from "../../src/recordings/events.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";
import type {
  CaptureEvent,
  CaptureRequest,
  CaptureResult,
  CaptureStage,
  RecordingHandle,
  WriterStage,
  WrittenTrack,
} from "../../src/recordings/stages.ts";

const JOIN_TIMEOUT_MS = 5_000;
const LENGTH_SAMPLES = 48_000;

/** Joins the voice channel through the real gateway and hears whom the test says. */
export class MemoryCapture implements CaptureStage {
  readonly updates: VoiceUpdate[] = [];
  /** Set by a test: joining fails with it. */
  failure: Error | undefined;
  readonly #gateway: VoiceGateway;
  /** Who has a track, in the order of their numbers; the queue would tell the writer. */
  readonly heard: string[] = [];
  readonly #leave = new Map<RecordingHandle, () => void>();
  #listener: (event: CaptureEvent) => void = () => undefined;

  constructor(gateway: VoiceGateway) {
    this.#gateway = gateway;
  }

  async start(request: CaptureRequest): Promise<{ readonly startedAtMs: number }> {
    if (this.failure !== undefined) throw this.failure;
    const { guildId, channelId, handle } = request;
    const joined = Promise.withResolvers<void>();
    const seen = new Set<VoiceUpdate["kind"]>();
    const unsubscribe = this.#gateway.subscribe(guildId, (update) => {
      this.updates.push(update);
      if (seen.add(update.kind).size === 2) joined.resolve();
    });
    this.#leave.set(handle, () => {
      this.#gateway.send(guildId, wish(guildId, null));
      unsubscribe();
    });
    if (!this.#gateway.send(guildId, wish(guildId, channelId))) throw new Error("the shard is not ready");
    const timer = setTimeout(() => joined.reject(new Error("no voice server was assigned")), JOIN_TIMEOUT_MS);
    await joined.promise.finally(() => clearTimeout(timer));
    return { startedAtMs: Date.now() };
  }

  stop(handle: RecordingHandle): Promise<CaptureResult> {
    this.#leave.get(handle)?.();
    this.#leave.delete(handle);
    const counts = { ...NO_PACKETS, received: 50, written: 50 };
    return Promise.resolve({
      lengthSamples: LENGTH_SAMPLES,
      fence: 0,
      tracks: this.heard.map((userId, index) => ({ track: index + 1, userId, counts })),
      connection: { datagrams: 50, notMedia: 0, unattributed: 0 },
    });
  }

  onEvent(listener: (event: CaptureEvent) => void): void {
    this.#listener = listener;
  }

  readonly admitted: string[] = [];

  admit(_handle: number, channelId: string): void {
    this.admitted.push(channelId);
  }

  readonly reconnects: string[] = [];

  reconnect(_handle: number, reason: string): void {
    this.reconnects.push(reason);
  }

  /** Somebody is heard for the first time, in the process's first recording. */
  hear(userId: string): void {
    this.heard.push(userId);
    this.#listener({ kind: "track", handle: 1, track: this.heard.length, userId, position: 0 });
  }

  /** The connection cannot be had again. */
  lose(error: ErrorData): void {
    this.#listener({ kind: "ended", handle: 1, error });
  }

  /** Somebody speaks and cannot be decrypted, or is heard again. */
  hearing(kind: "unheard" | "heard-again", userId: string, position: number): void {
    this.#listener({ kind, handle: 1, userId, position });
  }

  move(channelId: string): void {
    this.#listener({ kind: "moved", handle: 1, position: 48_000, channelId });
  }

  deafen(deaf: boolean): void {
    this.#listener({ kind: "deafened", handle: 1, position: 48_000, deaf });
  }

  /** One second is over; so many datagrams have come in all, of which so many were no media. */
  progress(datagrams: number, notMedia = 0): void {
    const connection = { datagrams, notMedia, unattributed: 0 };
    this.#listener({
      kind: "progress",
      handle: 1,
      position: 48_000,
      tracks: [],
      connection,
      queuedFrames: 0,
    });
  }

  connect(): void {
    this.#listener({ kind: "connected", handle: 1, position: 0 });
  }

  interrupt(): void {
    this.#listener({ kind: "interrupted", handle: 1, position: 0, reason: "test" });
  }
}

/** Keeps what a real writer would write. */
export class MemoryWriter implements WriterStage {
  readonly events: RecordingEvent[] = [];
  readonly names = new Map<number, string>();
  readonly #capture: MemoryCapture;

  constructor(capture: MemoryCapture) {
    this.#capture = capture;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  nameTrack(_handle: RecordingHandle, track: number, name: string): void {
    this.names.set(track, name);
  }

  recordEvent(_handle: RecordingHandle, event: RecordingEvent): void {
    this.events.push(event);
  }

  writeManifest(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<readonly WrittenTrack[]> {
    return Promise.resolve(
      this.#capture.heard.map((userId, index) => ({
        track: index + 1,
        userId,
        file: `${String(index + 1).padStart(2, "0")}-track.wav`,
        samples: LENGTH_SAMPLES,
        writtenSamples: LENGTH_SAMPLES,
        sizeBytes: 4_096 + 2 * LENGTH_SAMPLES,
        peak: 1,
      })),
    );
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  onEvent(): void {
    // Nothing fails in memory.
  }
}

/** Gateway op 4 (Discord, "Update Voice State"). */
function wish(guildId: string, channelId: string | null): unknown {
  return { op: 4, d: { guild_id: guildId, channel_id: channelId, self_mute: false, self_deaf: false } };
}
