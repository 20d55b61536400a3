import { samplesOfMs, SAMPLE_RATE } from "../audio/pcm.ts";
import { fromErrorData, toErrorData } from "../errors.ts";
import type { ErrorData, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { Checkpoints } from "./checkpoints.ts";
import { within } from "./deadline.ts";
import type { RecordingEvent } from "./events.ts";
import { newManifest, withCaptured, withTrack, withWritten } from "./manifest-changes.ts";
import type { Captured, StartRequest } from "./manifest-changes.ts";
import type { Manifest } from "./manifest.ts";
import { Naming } from "./naming.ts";
import { newRecordingId } from "./recording-id.ts";
import { isOver, isRunning } from "./session-state.ts";
import type { EndCause, SessionState } from "./session-state.ts";
import type { CaptureEvent, RecordingHandle } from "./stages.ts";
import type { TrackFile } from "./storage.ts";
import { Steps } from "./steps.ts";
import type { RecordingStatus, Surroundings } from "./surroundings.ts";

/** Lives on the main thread. One recording from the order to the last manifest; its states are in `session-state.ts`. */
export class Session {
  readonly handle: RecordingHandle;
  readonly #around: Surroundings;
  readonly #request: StartRequest;
  readonly #log: Log;
  readonly #checkpoints: Checkpoints;
  readonly #cancelled = Promise.withResolvers<never>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #steps: Steps;
  readonly #naming: Naming;
  #manifest: Manifest;
  #state: SessionState = { kind: "connecting" };
  #queuedFrames = 0;
  /** Last position heard of, in case capture cannot say where the end is. */
  #position = 0;
  #cancelledBy: RecorderError | undefined;
  #fault: ErrorData | undefined;
  #starting: Promise<Manifest> | undefined;
  #finishing: Promise<Manifest> | undefined;

  constructor(around: Surroundings, request: StartRequest, handle: RecordingHandle) {
    this.handle = handle;
    this.#around = around;
    this.#request = request;
    this.#manifest = newManifest(newRecordingId(), request);
    // Not the recording's id: who knows it can open its page.
    this.#log = around.log.child({ recording: handle, guild: request.guild.id });
    this.#steps = new Steps(this.#log);
    this.#naming = new Naming({
      names: around.names,
      guildId: request.guild.id,
      timeoutMs: around.timing.noticeMs,
      steps: this.#steps,
      onName: (track, userId, name) => this.#onName(track, userId, name),
    });
    // Nobody may be waiting when a start is cancelled.
    this.#cancelled.promise.catch(() => undefined);
    this.#checkpoints = new Checkpoints({
      write: () => this.#save(),
      settleMs: around.timing.settleMs,
      intervalMs: around.timing.checkpointMs,
      log: this.#log,
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  get status(): RecordingStatus {
    const { startedAtMs } = this.#manifest;
    const elapsedMs = startedAtMs === undefined ? 0 : Math.max(0, Date.now() - startedAtMs);
    return { manifest: this.#manifest, elapsedMs, queuedFrames: this.#queuedFrames };
  }

  /** Resolves when nothing of this recording stands any more, its notice included. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Permit, folder, notice, connection, in this order. Rejects with RecorderError after undoing what stood. */
  start(permit: () => Promise<void>): Promise<Manifest> {
    return (this.#starting ??= this.#start(permit));
  }

  /** Ends the recording; every call gets the same promise. Resolves even where it failed: see the manifest. */
  async stop(): Promise<Manifest> {
    if (this.#state.kind === "connecting") await this.#starting;
    return this.#end({ kind: "asked" });
  }

  /** Ends a recording that has not begun: its start rejects with this error. */
  cancel(error: RecorderError): void {
    this.#cancelledBy = error;
    this.#cancelled.reject(error);
  }

  recordEvent(event: RecordingEvent): void {
    const { startedAtMs } = this.#manifest;
    if (!isRunning(this.#state) || startedAtMs === undefined) return;
    const position = event.position ?? Math.max(0, samplesOfMs(event.atMs - startedAtMs));
    this.#around.writer.recordEvent(this.handle, { ...event, position });
  }

  onCaptureEvent(event: CaptureEvent): void {
    if (event.kind === "ended") {
      this.#endByItself({ kind: "lost", error: event.error });
      return;
    }
    if (this.#state.kind !== "connecting" && !isRunning(this.#state)) return;
    this.#position = Math.max(this.#position, event.position);
    const atMs = Date.now();
    switch (event.kind) {
      case "connected":
        this.#around.writer.recordEvent(this.handle, { atMs, position: event.position, kind: "connected" });
        if (this.#state.kind === "reconnecting") this.#enter({ kind: "recording" });
        break;
      case "interrupted": {
        const { position, reason } = event;
        this.#around.writer.recordEvent(this.handle, { atMs, position, kind: "interrupted", text: reason });
        if (this.#state.kind === "recording") this.#enter({ kind: "reconnecting", reason });
        break;
      }
      case "track": {
        const { track, userId, position } = event;
        this.#around.writer.recordEvent(this.handle, { atMs, position, kind: "track", userId, track });
        this.#meet(track, userId);
        break;
      }
      case "progress":
        this.#queuedFrames = event.queuedFrames;
        this.#count(event);
        break;
    }
  }

  onWriterFault(error: ErrorData): void {
    if (isOver(this.#state)) return;
    this.#fault ??= error;
    const atMs = Date.now();
    this.#around.writer.recordEvent(this.handle, {
      atMs,
      kind: "fault",
      text: `${error.code} ${error.message}`,
    });
    this.#endByItself({ kind: "fault", error });
  }

  async #start(permit: () => Promise<void>): Promise<Manifest> {
    const { writer, notices, capture, catalog, timing } = this.#around;
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.#settled.resolve());
    try {
      await within(permit(), timing.openMs, "Looking at the disk");
      // Each undoing is laid down before its step: a step that fails half-way or too late may still have done something.
      undo.defer(() => this.#abandon());
      await within(writer.open(this.#openRequest()), timing.openMs, "Making the recording's folder");
      await catalog.upsert(this.#manifest);
      undo.defer(() => this.#clearNotice());
      await this.#unlessCancelled("Showing the notice", timing.noticeMs, () => notices.show(this.#manifest));
      undo.defer(() =>
        this.#steps.quietly("Leaving the channel", timing.stopMs, capture.stop(this.handle).catch(noEnd)),
      );
      const { startedAtMs } = await this.#unlessCancelled("Joining the channel", timing.connectMs, () =>
        capture.start(this.#captureRequest()),
      );
      this.#manifest = { ...this.#manifest, startedAtMs };
      writer.recordEvent(this.handle, { atMs: startedAtMs, position: 0, kind: "started" });
    } catch (error) {
      const data = toErrorData(error);
      this.#manifest = { ...this.#manifest, endedAtMs: Date.now(), error: publicError(data) };
      this.#enter({ kind: "failed", error: data });
      throw error;
    }
    undo.move();
    this.#enter({ kind: "recording" });
    // The writer puts the clock's start into every header.
    this.#checkpoints.now();
    this.#log.info("recording");
    return this.#manifest;
  }

  #openRequest() {
    return {
      handle: this.handle,
      directory: this.#around.storage.directory(this.#manifest.id),
      channels: this.#request.channels,
      startedAtMs: Date.now(),
      manifest: this.#manifest,
    };
  }

  #captureRequest() {
    return {
      handle: this.handle,
      guildId: this.#request.guild.id,
      channelId: this.#request.channel.id,
      botUserId: this.#request.botUserId,
      channels: this.#request.channels,
      announce: this.#around.announce,
    };
  }

  /** Nothing was recorded: the folder and the catalog's line go, unless audio got into it after all. */
  async #abandon(): Promise<void> {
    const { writer, storage, catalog, timing } = this.#around;
    const { id } = this.#manifest;
    await this.#steps.quietly("The last manifest", timing.manifestMs, this.#checkpoints.stop());
    await this.#steps.quietly("Letting go of the folder", timing.manifestMs, writer.release(this.handle));
    await this.#steps.quietly("Removing the unused folder", timing.manifestMs, storage.removeUnused(id));
    await this.#steps.quietly("Removing it from the catalog", timing.manifestMs, catalog.remove(id));
  }

  #endByItself(cause: EndCause & { readonly kind: "lost" | "fault" }): void {
    if (this.#state.kind === "connecting") this.cancel(fromErrorData(cause.error));
    else if (isRunning(this.#state)) {
      this.#log.warn({ code: cause.error.code, detail: cause.error.detail }, "the recording ends by itself");
      void this.#end(cause);
    }
  }

  #end(cause: EndCause): Promise<Manifest> {
    return (this.#finishing ??= this.#finish(cause));
  }

  /** Every step is tried whatever became of the one before: each saves something of its own. */
  async #finish(cause: EndCause): Promise<Manifest> {
    const { capture, writer, timing } = this.#around;
    this.#enter({ kind: "finishing", cause });
    await this.#steps.quietly("The last checkpoint", timing.manifestMs, this.#checkpoints.stop());

    const stopped = await this.#steps.attempt(
      "Leaving the channel",
      timing.stopMs,
      capture.stop(this.handle),
    );
    if (stopped.ok) this.#count(stopped.value);
    // Without capture's word the queue's tail is unknown: 0 means "do not wait for it".
    const end = stopped.ok ? stopped.value : { lengthSamples: this.#position, fence: 0 };
    const { lengthSamples, fence } = end;
    await this.#steps.quietly("Asking for the names", timing.nameMs, this.#naming.settled);
    writer.recordEvent(this.handle, {
      atMs: Date.now(),
      position: lengthSamples,
      kind: "stopped",
      text: cause.kind,
    });
    const closing = writer.close(this.handle, { lengthSamples, fence });
    const closed = await this.#steps.attempt("Closing the tracks", timing.closeMs, closing);
    if (closed.ok) this.#manifest = withWritten(this.#manifest, closed.value);
    await this.#findFiles();

    const failure =
      this.#fault ?? (closed.ok ? undefined : closed.error) ?? (stopped.ok ? undefined : stopped.error);
    await this.#conclude(lengthSamples, failure, cause);
    // Taking the notice down may wait for a rate limit; whoever said stop need not.
    void this.#clearNotice().then(() => this.#settled.resolve());
    return this.#manifest;
  }

  /** The last manifest, into the folder and into the catalog. */
  async #conclude(lengthSamples: number, failure: ErrorData | undefined, cause: EndCause): Promise<void> {
    const { writer, catalog, timing } = this.#around;
    const shown = failure ?? (cause.kind === "asked" ? undefined : cause.error);
    const startedAtMs = this.#manifest.startedAtMs ?? Date.now();
    this.#manifest = {
      ...this.#manifest,
      state: failure === undefined ? "finished" : "failed",
      lengthSamples,
      endedAtMs: startedAtMs + Math.round((lengthSamples * 1000) / SAMPLE_RATE),
      ...(shown === undefined ? {} : { error: publicError(shown) }),
    };
    const saved = writer.writeManifest(this.handle, this.#manifest);
    await this.#steps.quietly("Writing the last manifest", timing.manifestMs, saved);
    await this.#steps.quietly("Telling the catalog", timing.manifestMs, catalog.upsert(this.#manifest));
    await this.#steps.quietly("Letting go of the folder", timing.manifestMs, writer.release(this.handle));
    this.#state = failure === undefined ? { kind: "finished" } : { kind: "failed", error: failure };
    this.#log.info({ state: this.#state.kind, tracks: this.#manifest.tracks.length }, "recording ended");
  }

  async #clearNotice(): Promise<void> {
    const { notices, timing } = this.#around;
    await this.#steps.quietly("Taking down the notice", timing.noticeMs, notices.clear(this.#manifest));
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#manifest = { ...this.#manifest, state: state.kind };
    if (state.kind === "failed") return;
    this.#checkpoints.soon();
    const updated = this.#around.notices.update(this.#manifest);
    void this.#steps.quietly("Refreshing the notice", this.#around.timing.noticeMs, updated);
  }

  #count(captured: Captured): void {
    const known = new Set(this.#manifest.tracks.map((track) => track.track));
    this.#manifest = withCaptured(this.#manifest, captured);
    for (const { track, userId } of captured.tracks) if (!known.has(track)) this.#meet(track, userId);
  }

  /** Somebody has a track: it is listed at once, and named when Discord has said the name. */
  #meet(track: number, userId: string): void {
    this.#manifest = withTrack(this.#manifest, { track, userId });
    this.#checkpoints.soon();
    this.#naming.ask(track, userId);
  }

  #onName(track: number, userId: string, name: string): void {
    // Too late for the file once the writer has let go: the page shows what the manifest says.
    if (isOver(this.#state)) return;
    this.#manifest = withTrack(this.#manifest, { track, userId, name });
    this.#around.writer.nameTrack(this.handle, track, name);
    this.#checkpoints.soon();
  }

  /** Tracks that the writer could not close are in the folder all the same, valid up to the last checkpoint. */
  async #findFiles(): Promise<void> {
    if (this.#manifest.tracks.every((track) => track.file !== undefined)) return;
    const files = await this.#around.storage.trackFiles(this.#manifest.id).catch(() => NO_FILES);
    const tracks = this.#manifest.tracks.map((track) => ({ ...files.get(track.track), ...track }));
    this.#manifest = { ...this.#manifest, tracks };
  }

  async #save(): Promise<void> {
    const { writer, catalog } = this.#around;
    await writer.writeManifest(this.handle, this.#manifest);
    await catalog.upsert(this.#manifest);
  }

  async #unlessCancelled<T>(what: string, timeoutMs: number, begin: () => Promise<T>): Promise<T> {
    if (this.#cancelledBy !== undefined) throw this.#cancelledBy;
    return Promise.race([within(begin(), timeoutMs, what), this.#cancelled.promise]);
  }
}

const NO_FILES: ReadonlyMap<number, TrackFile> = new Map();

/** A capture that never began has no end to tell of. */
function noEnd(): void {}

/** Code and sentence; the detail is for the log alone. */
function publicError({ code, message }: ErrorData): { code: string; message: string } {
  return { code, message };
}
