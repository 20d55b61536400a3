import { toErrorData } from "../errors.ts";
import type { RecorderError } from "../errors.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Log } from "../log.ts";
import type { FrameProducer } from "../queue/frame-producer.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult, RecordingHandle } from "../recordings/stages.ts";
import type { CaptureBooks } from "./capture-books.ts";
import { CallWatch } from "./call-watch.ts";
import { cancelled, movedBeforeStart } from "./capture-errors.ts";
import { ConnectionTap } from "./connection-tap.ts";
import type { TapOutlet } from "./connection-tap.ts";
import type { OpusCodec } from "./opus-decoder.ts";
import type { LinkTiming } from "./link-timing.ts";
import { KeyWatch } from "./key-watch.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import type { Resumption } from "./protocol.ts";
import { drainSockets } from "./socket-drain.ts";
import { StartGate } from "./start-gate.ts";
import { TrackRoster } from "./track-roster.ts";
import { VoiceLink } from "./voice-link.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

/** What the capture thread gives each of its recordings. */
export type CaptureTools = {
  readonly producer: FrameProducer;
  readonly codec: OpusCodec;
  readonly announcement: Uint8Array;
  readonly linkTiming: LinkTiming;
  readonly log: Log;
  readonly onPayload: (handle: RecordingHandle, guildId: string, payload: unknown) => void;
  readonly onEvent: (event: CaptureEvent) => void;
};

const PROGRESS_MS = 1_000;

/**
 * Lives on the capture thread. One recording: its clock, connection, tracks and books.
 * Position 0 is the instant at which people could be heard for the first time: connected, and let into their group.
 */
export class CaptureSession {
  readonly request: CaptureRequest;
  readonly #tools: CaptureTools;
  readonly #log: Log;
  readonly #link: VoiceLink;
  readonly #books: CaptureBooks;
  readonly #roster: TrackRoster;
  readonly #tapOutlet: TapOutlet;
  readonly #started = Promise.withResolvers<{ readonly startedAtMs: number; readonly zeroMs: number }>();
  readonly #gate = new StartGate();
  readonly #watch: CallWatch;
  #tap: ConnectionTap | undefined;
  /** On the thread's monotonic clock; undefined before position 0. */
  #zeroMs: number | undefined;
  #progressAtMs = 0;
  #stopping: Promise<CaptureResult> | undefined;

  /**
   * @param books the recording's; those of a resumed one hold what was counted before.
   * @param resumption what a dead thread left of this recording besides: its clock goes on.
   */
  constructor(
    request: CaptureRequest,
    books: CaptureBooks,
    tools: CaptureTools,
    resumption: Resumption | undefined,
  ) {
    this.request = request;
    this.#books = books;
    this.#tools = tools;
    this.#log = tools.log.child({ recording: request.handle, guild: request.guildId });
    this.#roster = new TrackRoster({
      handle: request.handle,
      channels: request.channels,
      producer: tools.producer,
      books,
      unheard: resumption?.unheard ?? [],
      log: this.#log,
      onEvent: tools.onEvent,
    });
    this.#tapOutlet = {
      channels: request.channels,
      codec: tools.codec,
      botUserId: request.botUserId,
      counts: books,
      log: this.#log,
      begun: () => this.#zeroMs !== undefined && this.#watch.admitted,
      keyWatch: new KeyWatch(),
      onKeysLost: () => this.#link.reconnect("Nobody's audio could be decrypted."),
      positionAt: (ms) => this.#samplesAt(ms),
      trackOf: (userId) => this.#roster.trackOf(userId),
    };
    this.#watch = new CallWatch({
      request,
      resumption,
      announcement: tools.announcement,
      positionAt: (ms) => this.#positionAt(ms),
      onEvent: tools.onEvent,
    });
    if (resumption !== undefined) this.#resume(resumption);
    const { guildId, channelId } = request;
    this.#link = new VoiceLink(
      { guildId, channelId, resumed: resumption !== undefined, timing: tools.linkTiming },
      {
        onPayload: (payload) => tools.onPayload(request.handle, request.guildId, payload),
        onNetworking: (networking) => {
          this.#tap?.close();
          this.#tap = new ConnectionTap(networking, this.#tapOutlet);
        },
        onReady: () => this.#watch.ready(),
        onLost: (reason, sinceMs) => this.#watch.lost(reason, sinceMs),
        onMoved: (channelId) => this.#onMoved(channelId),
        onDeafened: (deaf) => this.#watch.deafened(deaf),
        onEnded: (error) => this.#onEnded(error),
      },
      this.#log,
    );
  }

  /**
   * Position 0 on the wall clock and on the clock of `monotonic-clock.ts`, in milliseconds; rejects with RecorderError
   * when the channel cannot be joined. A resumed recording never settles it: its events tell.
   */
  get started(): Promise<{ readonly startedAtMs: number; readonly zeroMs: number }> {
    return this.#started.promise;
  }

  update(update: VoiceUpdate): void {
    this.#link.update(update);
  }

  /** People in this channel have been told: what they say may be kept from now on. */
  admit(channelId: string): void {
    this.#watch.admit(channelId, this.#link);
  }

  /** The connection stands but carries nothing: make another. */
  reconnect(reason: string): void {
    this.#link.reconnect(reason);
  }

  gatewayRefused(): void {
    this.#link.refused();
  }

  /** Every 20 ms. */
  tick(nowMs: number): void {
    if (this.#stopping !== undefined) return;
    if (this.#zeroMs === undefined) {
      this.#beginIfHeard();
      return;
    }
    this.#books.seenAlive = this.#position();
    this.#watch.tick(nowMs, this.#books.datagrams, this.#link);
    this.#tap?.tick(nowMs, this.#now());
    if (nowMs < this.#progressAtMs) return;
    this.#progressAtMs = nowMs + PROGRESS_MS;
    this.#roster.tellUnheard(nowMs, this.#position());
    this.#tools.onEvent({
      kind: "progress",
      handle: this.request.handle,
      position: this.#position(),
      tracks: this.#books.news(),
      connection: this.#books.connectionCounts(this.#tap?.unclaimedPackets ?? 0),
      queuedFrames: this.#tools.producer.queuedFrames,
    });
  }

  /** Leaves and flushes; a second call gets the first one's promise. */
  stop(): Promise<CaptureResult> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<CaptureResult> {
    const end = this.#position();
    // What the kernel holds was said before the end: let it in.
    await drainSockets(() => this.#books.datagrams);
    this.#tap?.close();
    this.#link.leave();
    // Settled long ago, unless somebody stops what has not begun.
    this.#started.reject(cancelled());
    this.#roster.nameSilentTracks(end);
    const lengthSamples = Math.max(end, this.#roster.endPosition);
    for (const { gaps } of this.#books.accounts) gaps.cut(lengthSamples);
    return {
      lengthSamples,
      fence: this.#tools.producer.tail,
      tracks: this.#books.tracks(),
      connection: this.#books.connectionCounts(this.#tap?.unclaimedPackets ?? 0),
    };
  }

  #resume(resumption: Resumption): void {
    // Nobody waits for it, so nobody need hear that it never comes.
    this.#started.promise.catch(() => undefined);
    this.#zeroMs = resumption.zeroMs - monotonicMs() + performance.now();
  }

  #beginIfHeard(): void {
    const nowMs = performance.now();
    if (!this.#link.ready || !this.#gate.opens(nowMs, this.#link.mediaKeys)) return;
    this.#zeroMs = nowMs;
    this.#started.resolve({ startedAtMs: Date.now(), zeroMs: monotonicMs() });
    if (this.request.announce) this.#link.announce(this.#tools.announcement, () => undefined);
    this.#watch.begin();
  }

  #onMoved(channelId: string): void {
    if (this.#zeroMs !== undefined) return this.#watch.moved(channelId);
    this.#link.leave();
    this.#started.reject(movedBeforeStart());
  }

  #onEnded(error: RecorderError): void {
    this.#log.warn({ code: error.code }, error.message);
    if (this.#zeroMs === undefined) this.#started.reject(error);
    else this.#tools.onEvent({ kind: "ended", handle: this.request.handle, error: toErrorData(error) });
  }

  /** Samples since position 0, with fractions. */
  #now(): number {
    return this.#samplesAt(performance.now());
  }

  #samplesAt(ms: number): number {
    return this.#zeroMs === undefined ? 0 : ((ms - this.#zeroMs) * SAMPLE_RATE) / 1000;
  }

  #position(): number {
    return Math.round(this.#now());
  }

  /** @param ms of `performance.now()`, not later than now. */
  #positionAt(ms: number): number | undefined {
    if (this.#zeroMs === undefined) return undefined;
    return Math.max(0, Math.round(this.#samplesAt(ms)));
  }
}
