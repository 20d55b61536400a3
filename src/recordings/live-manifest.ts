import { toErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { Checkpoints } from "./checkpoints.ts";
import {
  withEndOfInterruption,
  withInterruption,
  withInterruptionsEndedAt,
  withMove,
} from "./interruptions.ts";
import type { InterruptionCause } from "./interruptions.ts";
import {
  newManifest,
  withCaptured,
  withTrack,
  withUnwritten,
  withWriterDeath,
  withWritten,
} from "./manifest-changes.ts";
import type { Captured, StartRequest } from "./manifest-changes.ts";
import type { Interruption, Manifest } from "./manifest.ts";
import { Naming } from "./naming.ts";
import { newRecordingId } from "./recording-id.ts";
import type { RecordingHandle, UnwrittenTrack, WrittenTrack } from "./stages.ts";
import type { Steps } from "./steps.ts";
import type { TrackFile } from "./storage.ts";
import type { Surroundings } from "./surroundings.ts";
import { withUnheardEndedAt } from "./unheard.ts";

/**
 * Lives on the main thread. The manifest of one recording while it changes: who has a track, what they are called, what
 * was counted; and its copies in the folder and in the catalog, which follow before long.
 */
export class LiveManifest {
  readonly #around: Surroundings;
  readonly #handle: RecordingHandle;
  readonly #steps: Steps;
  readonly #naming: Naming;
  readonly #checkpoints: Checkpoints;
  #value: Manifest;
  #sealed = false;

  constructor(options: {
    readonly around: Surroundings;
    readonly request: StartRequest;
    readonly handle: RecordingHandle;
    /** Of a recording that goes on; a new one otherwise. */
    readonly manifest: Manifest | undefined;
    readonly steps: Steps;
    readonly log: Log;
  }) {
    const { around, request, handle, steps, log } = options;
    this.#around = around;
    this.#handle = handle;
    this.#steps = steps;
    this.#value = options.manifest ?? newManifest(newRecordingId(), request);
    this.#naming = new Naming({
      names: around.names,
      guildId: request.guild.id,
      timeoutMs: around.timing.noticeMs,
      steps,
      onName: (track, userId, name) => this.#onName(track, userId, name),
    });
    this.#checkpoints = new Checkpoints({
      write: () => this.#save(),
      settleMs: around.timing.settleMs,
      intervalMs: around.timing.checkpointMs,
      log,
    });
  }

  get value(): Manifest {
    return this.#value;
  }

  /** Changes what stands; the copies follow. */
  change(changes: Partial<Manifest>): void {
    this.#value = { ...this.#value, ...changes };
    this.#checkpoints.soon();
  }

  /** The copies are made at once; resolves when they are, or when that takes too long. */
  async saveNow(): Promise<void> {
    const { manifestMs } = this.#around.timing;
    await this.#steps.quietly("Writing the manifest", manifestMs, this.#checkpoints.now());
  }

  /** Somebody has a track: it is listed at once, and named when Discord has said the name. */
  meet(track: number, userId: string): void {
    this.#value = withTrack(this.#value, { track, userId });
    this.#checkpoints.soon();
    this.#naming.ask(track, userId);
  }

  /** Asks anew for the names of those whose track was there before. */
  nameAgain(): void {
    for (const { track, userId } of this.#value.tracks) this.#naming.ask(track, userId);
  }

  /** The counts of now. Too frequent for a copy each. */
  count(captured: Captured): void {
    const known = new Set(this.#value.tracks.map((track) => track.track));
    this.#value = withCaptured(this.#value, captured);
    for (const { track, userId } of captured.tracks) if (!known.has(track)) this.meet(track, userId);
  }

  /** Another writer has taken over here. */
  outliveWriter(position: number): void {
    this.change(withWriterDeath(this.#value, position));
  }

  /** What the disk refused of the tracks; told once, after the last counts. */
  discount(unwritten: readonly UnwrittenTrack[]): void {
    this.#value = withUnwritten(this.#value, unwritten);
  }

  /** Nobody can be heard from here on. */
  interrupt(beginning: Pick<Interruption, "cause" | "fromSamples" | "reason">): void {
    this.change(withInterruption(this.#value, beginning));
  }

  /** From here on another channel is recorded, once people there have been told. */
  move(channel: Manifest["channel"], atSamples: number, reason: string): void {
    // The notice of the former channel tells nobody here: whoever goes on after a crash must not take it up.
    const { notice: _, ...moved } = withMove(this.#value, atSamples, reason);
    const moves = [...(moved.moves ?? []), { atSamples, channel }];
    this.#value = { ...moved, channel, moves };
    this.#checkpoints.soon();
  }

  /** People can be heard again from here on, as far as these causes go. */
  heardAgain(causes: readonly InterruptionCause[], toSamples: number): void {
    this.change(withEndOfInterruption(this.#value, causes, toSamples));
  }

  /** What lasts still lasted to the recording's end. */
  endInterruptions(lengthSamples: number): void {
    this.#value = withInterruptionsEndedAt(withUnheardEndedAt(this.#value, lengthSamples), lengthSamples);
  }

  /** Resolves when no name is awaited any more, within `nameMs`. */
  async named(): Promise<void> {
    await this.#steps.quietly("Asking for the names", this.#around.timing.nameMs, this.#naming.settled);
  }

  /** No copy is begun after this; resolves when the last one has ended. */
  async rest(): Promise<void> {
    const stopped = this.#checkpoints.stop();
    await this.#steps.quietly("The last checkpoint", this.#around.timing.manifestMs, stopped);
  }

  /** What the writer closed. A track that it could not close is in the folder all the same, valid as it was. */
  async close(written: readonly WrittenTrack[]): Promise<void> {
    this.#value = withWritten(this.#value, written);
    if (this.#value.tracks.every((track) => track.file !== undefined)) return;
    const files = await this.#around.storage.trackFiles(this.#value.id).catch(() => NO_FILES);
    const tracks = this.#value.tracks.map((track) => ({ ...files.get(track.track), ...track }));
    this.#value = { ...this.#value, tracks };
  }

  /** The last change and the last copies. Each is tried whatever became of the other. */
  async seal(changes: Partial<Manifest>): Promise<void> {
    const { writer, catalog, timing } = this.#around;
    this.#sealed = true;
    this.#value = { ...this.#value, ...changes };
    const saved = writer.writeManifest(this.#handle, this.#value);
    await this.#steps.quietly("Writing the last manifest", timing.manifestMs, saved);
    await this.#steps.quietly("Telling the catalog", timing.manifestMs, catalog.upsert(this.#value));
  }

  /** The same for a recording that never began, or could not go on: no copies, of which one may be due. */
  discard(error: unknown): void {
    this.#sealed = true;
    void this.#checkpoints.stop();
    const { code, message } = toErrorData(error);
    this.#value = { ...this.#value, state: "failed", endedAtMs: Date.now(), error: { code, message } };
  }

  #onName(track: number, userId: string, name: string): void {
    // Too late for the file: whoever looks sees what the last manifest says.
    if (this.#sealed) return;
    this.#value = withTrack(this.#value, { track, userId, name });
    this.#around.writer.nameTrack(this.#handle, track, name);
    this.#checkpoints.soon();
  }

  async #save(): Promise<void> {
    const value = this.#value;
    await this.#around.writer.writeManifest(this.#handle, value);
    await this.#around.catalog.upsert(value);
  }
}

const NO_FILES: ReadonlyMap<number, TrackFile> = new Map();
