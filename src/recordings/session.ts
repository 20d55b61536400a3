import { samplesOfMs } from "../audio/pcm.ts";
import { fromErrorData, toErrorData } from "../errors.ts";
import type { ErrorData, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { RecordingEvent } from "./events.ts";
import { positionOf, RESTARTED } from "./left-behind.ts";
import type { LeftBehind } from "./left-behind.ts";
import { LiveManifest } from "./live-manifest.ts";
import type { StartRequest } from "./manifest-changes.ts";
import type { Manifest } from "./manifest.ts";
import { endSession } from "./session-end.ts";
import { SessionNews } from "./session-news.ts";
import { SessionStart } from "./session-start.ts";
import { isOver, isRunning } from "./session-state.ts";
import type { EndCause, SessionState } from "./session-state.ts";
import type { CaptureEvent, RecordingHandle, WriterEvent } from "./stages.ts";
import { Steps } from "./steps.ts";
import type { RecordingStatus, Surroundings } from "./surroundings.ts";

/** Lives on the main thread. One recording from the order to the last manifest; its states are in `session-state.ts`. */
export class Session {
  readonly handle: RecordingHandle;
  readonly #around: Surroundings;
  readonly #left: LeftBehind | undefined;
  readonly #log: Log;
  readonly #steps: Steps;
  readonly #manifest: LiveManifest;
  readonly #news: SessionNews;
  readonly #beginning: SessionStart;
  readonly #settled = Promise.withResolvers<void>();
  #state: SessionState = { kind: "connecting" };
  #began = false;
  #fault: ErrorData | undefined;
  #starting: Promise<Manifest> | undefined;
  #finishing: Promise<Manifest> | undefined;

  /** @param left what a dead process left of this recording, where it goes on */
  constructor(around: Surroundings, request: StartRequest, handle: RecordingHandle, left?: LeftBehind) {
    this.handle = handle;
    this.#around = around;
    this.#left = left;
    // Not the recording's id: who knows it can open its page.
    this.#log = around.log.child({ recording: handle, guild: request.guild.id });
    this.#steps = new Steps(this.#log);
    this.#manifest = new LiveManifest({
      around,
      request,
      handle,
      manifest: left?.manifest,
      steps: this.#steps,
      log: this.#log,
    });
    this.#news = new SessionNews({
      handle,
      around,
      manifest: this.#manifest,
      steps: this.#steps,
      position: left === undefined ? 0 : positionOf(left),
      note: (event) => this.#note(event),
      onReconnecting: (reason) => {
        if (this.#state.kind === "recording") this.#enter({ kind: "reconnecting", reason });
      },
      onRecording: () => {
        if (this.#state.kind === "reconnecting") this.#enter({ kind: "recording" });
      },
      onUntellable: (error) => this.#endByItself({ kind: "lost", error }),
    });
    this.#beginning = new SessionStart({
      handle,
      around,
      request,
      left,
      manifest: this.#manifest,
      steps: this.#steps,
      note: (event) => this.#note(event),
      clearNotice: () => this.#clearNotice(undefined),
      onFailed: (error) => (this.#state = { kind: "failed", error }),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whether this process recorded anything of it. */
  get began(): boolean {
    return this.#began;
  }

  get status(): RecordingStatus {
    const { startedAtMs } = this.#manifest.value;
    const elapsedMs = startedAtMs === undefined ? 0 : Math.max(0, Date.now() - startedAtMs);
    return { manifest: this.#manifest.value, elapsedMs, queuedFrames: this.#news.queuedFrames };
  }

  /** Resolves when everything is closed and in the catalog, or nothing began; the notice may still stand. Never rejects. */
  get saved(): Promise<void> {
    return Promise.allSettled([this.#finishing ?? this.#starting]).then(() => undefined);
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

  /** The process is about to end. */
  shutDown(error: RecorderError): void {
    if (this.#state.kind === "connecting") this.cancel(error);
    else if (isRunning(this.#state)) void this.#end({ kind: "shutdown" });
  }

  /** Ends a recording that has not begun: its start rejects with this error. */
  cancel(error: RecorderError): void {
    this.#beginning.cancel(error);
  }

  /** Notes what happened outside, such as a join; its position follows from its time. */
  recordEvent(event: RecordingEvent): void {
    const { startedAtMs } = this.#manifest.value;
    if (!isRunning(this.#state) || startedAtMs === undefined) return;
    const position = event.position ?? Math.max(0, samplesOfMs(event.atMs - startedAtMs));
    this.#news.onOutside({ ...event, position });
  }

  onCaptureEvent(event: CaptureEvent): void {
    if (event.kind === "ended") {
      this.#endByItself({ kind: "lost", error: event.error });
      return;
    }
    if (this.#state.kind !== "connecting" && !isRunning(this.#state)) return;
    this.#news.onCapture(event);
  }

  /** Tells the people in the channel something that they can still do something about. */
  warn(text: string): void {
    if (!isRunning(this.#state)) return;
    this.#note({ atMs: Date.now(), position: this.#news.position, kind: "warning", text });
    const told = this.#around.notices.alert(this.#manifest.value, text);
    void this.#steps.quietly("Warning the people", this.#around.timing.noticeMs, told);
  }

  /** Ends the recording for a reason that is not its own; everything so far is complete. */
  endBecause(error: RecorderError): void {
    this.#endByItself({ kind: "lost", error: toErrorData(error) });
  }

  onWriterEvent(event: WriterEvent): void {
    if (isOver(this.#state)) return;
    if (event.kind === "fault") this.#onFault(event.error);
    else this.#news.onWriter(event);
  }

  #onFault(error: ErrorData): void {
    this.#fault ??= error;
    this.#note({ atMs: Date.now(), kind: "fault", text: `${error.code} ${error.message}` });
    this.#endByItself({ kind: "fault", error });
  }

  async #start(permit: () => Promise<void>): Promise<Manifest> {
    try {
      await this.#beginning.run(permit);
    } catch (error) {
      this.#settled.resolve();
      throw error;
    }
    this.#began = true;
    this.#enter(
      this.#left === undefined ? { kind: "recording" } : { kind: "reconnecting", reason: RESTARTED },
    );
    this.#log.info(this.#left === undefined ? "recording" : "going on with a recording");
    // Whoever hears "it is being recorded" finds it said in folder and catalog; the writer needs the clock's start.
    await this.#manifest.saveNow();
    return this.#manifest.value;
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

  async #finish(cause: EndCause): Promise<Manifest> {
    this.#enter({ kind: "finishing", cause });
    const failure = await endSession(
      {
        handle: this.handle,
        around: this.#around,
        manifest: this.#manifest,
        steps: this.#steps,
        note: (event) => this.#note(event),
        news: this.#news,
        fault: () => this.#fault,
      },
      cause,
    );
    this.#state = failure === undefined ? { kind: "finished" } : { kind: "failed", error: failure };
    this.#log.info({ state: this.#state.kind }, "recording ended");
    // Taking the notice down may wait for a rate limit; whoever said stop need not.
    void this.#clearNotice(cause.kind).then(() => this.#settled.resolve());
    return this.#manifest.value;
  }

  async #clearNotice(ended: EndCause["kind"] | undefined): Promise<void> {
    const { notices, timing } = this.#around;
    const cleared = notices.clear(this.#manifest.value, ended);
    await this.#steps.quietly("Taking down the notice", timing.noticeMs, cleared);
  }

  #note(event: RecordingEvent): void {
    this.#around.writer.recordEvent(this.handle, event);
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#manifest.change({ state: state.kind });
    const updated = this.#around.notices.update(this.#manifest.value);
    void this.#steps.quietly("Refreshing the notice", this.#around.timing.noticeMs, updated);
  }
}
