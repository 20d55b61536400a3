import { fromErrorData, RecorderError, toErrorData } from "../errors.ts";
import type { ErrorData } from "../errors.ts";
import { within } from "./deadline.ts";
import type { RecordingEvent } from "./events.ts";
import { capturedBefore, positionOf, RESTARTED } from "./left-behind.ts";
import type { LeftBehind } from "./left-behind.ts";
import type { LiveManifest } from "./live-manifest.ts";
import type { StartRequest } from "./manifest-changes.ts";
import type { CaptureRequest, OpenRequest, RecordingHandle } from "./stages.ts";
import type { Steps } from "./steps.ts";
import type { Surroundings } from "./surroundings.ts";

export type SessionStartOptions = {
  readonly handle: RecordingHandle;
  readonly around: Surroundings;
  readonly request: StartRequest;
  /** What a dead process left of this recording, where it goes on. */
  readonly left: LeftBehind | undefined;
  readonly manifest: LiveManifest;
  readonly steps: Steps;
  readonly note: (event: RecordingEvent) => void;
  readonly clearNotice: () => Promise<void>;
  /** Nothing will be recorded; what stood is about to be undone. */
  readonly onFailed: (error: ErrorData) => void;
};

/** Lives on the main thread. The beginning of one recording, or of going on with it, and its undoing where it fails. */
export class SessionStart {
  readonly #options: SessionStartOptions;
  readonly #cancelled = Promise.withResolvers<never>();
  #cancelledBy: RecorderError | undefined;

  constructor(options: SessionStartOptions) {
    this.#options = options;
    // Nobody may be waiting when a start is cancelled.
    this.#cancelled.promise.catch(() => undefined);
  }

  /** `run` rejects with this error. */
  cancel(error: RecorderError): void {
    this.#cancelledBy = error;
    this.#cancelled.reject(error);
  }

  /** Permit, folder, notice, connection, in this order. Rejects with RecorderError after undoing what stood. Once. */
  async run(permit: () => Promise<void>): Promise<void> {
    const { handle, around, left, manifest, steps, clearNotice, onFailed } = this.#options;
    const { writer, notices, capture, catalog, timing } = around;
    await using undo = new AsyncDisposableStack();
    try {
      await within(permit(), timing.openMs, "Looking at the disk");
      // Each undoing is laid down before its step: a step that fails half-way or too late may still have done something.
      undo.defer(() => (left === undefined ? this.#abandon() : this.#letGo()));
      await within(writer.open(this.#openRequest()), timing.openMs, "Making the recording's folder");
      // Its page can be opened from now on. Without it the recording is no worse, and checkpoints try again.
      const listed = catalog.upsert(manifest.value);
      await steps.quietly("Telling the catalog", timing.manifestMs, listed);
      undo.defer(clearNotice);
      await this.#unlessCancelled("Showing the notice", timing.noticeMs, () =>
        notices.show(manifest.value, (notice) => manifest.change({ notice })),
      );
      undo.defer(() =>
        steps.quietly("Leaving the channel", timing.stopMs, capture.stop(handle).catch(noEnd)),
      );
      const { startedAtMs } = await this.#unlessCancelled("Joining the channel", timing.connectMs, () =>
        capture.start(this.#captureRequest()),
      );
      manifest.change({ startedAtMs });
      this.#noteBeginning(startedAtMs);
    } catch (error) {
      manifest.discard(error);
      onFailed(toErrorData(error));
      throw error instanceof RecorderError ? error : fromErrorData(toErrorData(error));
    }
    undo.move();
  }

  #openRequest(): OpenRequest {
    const { handle, around, request, left, manifest } = this.#options;
    return {
      handle,
      directory: around.storage.directory(manifest.value.id),
      channels: request.channels,
      startedAtMs: Date.now(),
      manifest: manifest.value,
      continues: left !== undefined,
    };
  }

  #captureRequest(): CaptureRequest {
    const { handle, around, request, left } = this.#options;
    const { guild, channel, botUserId, channels } = request;
    return {
      handle,
      guildId: guild.id,
      channelId: channel.id,
      botUserId,
      channels,
      announce: around.announce,
      ...(left === undefined ? {} : { continues: capturedBefore(left) }),
    };
  }

  #noteBeginning(startedAtMs: number): void {
    const { left, manifest, note } = this.#options;
    if (left === undefined) return note({ atMs: startedAtMs, position: 0, kind: "started" });
    const fromSamples = positionOf(left);
    note({ atMs: Date.now(), position: fromSamples, kind: "resumed" });
    manifest.interrupt({ cause: "connection", fromSamples, reason: RESTARTED });
    manifest.nameAgain();
  }

  /** It could not go on: its folder is for whoever recovers it. */
  async #letGo(): Promise<void> {
    const { handle, around, manifest, steps } = this.#options;
    const { writer, timing } = around;
    await manifest.rest();
    await steps.quietly("Letting go of the folder", timing.manifestMs, writer.release(handle));
  }

  /** Nothing was recorded: the folder and the catalog's line go, unless audio got into it after all. */
  async #abandon(): Promise<void> {
    const { around, manifest, steps } = this.#options;
    const { storage, catalog, timing } = around;
    const { id } = manifest.value;
    await this.#letGo();
    await steps.quietly("Removing the unused folder", timing.manifestMs, storage.removeUnused(id));
    await steps.quietly("Removing it from the catalog", timing.manifestMs, catalog.remove(id));
  }

  async #unlessCancelled<T>(what: string, timeoutMs: number, begin: () => Promise<T>): Promise<T> {
    if (this.#cancelledBy !== undefined) throw this.#cancelledBy;
    return Promise.race([within(begin(), timeoutMs, what), this.#cancelled.promise]);
  }
}

/** A capture that never began has no end to tell of. */
function noEnd(): void {}
