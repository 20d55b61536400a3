/** The folder of one recording while it is written: tracks, manifest, events. */
import * as fs from "node:fs";
import path from "node:path";
import type { WavTags } from "../audio/wav-tags.ts";
import { RecorderError } from "../errors.ts";
import type { Frame } from "../queue/frame-queue.ts";
import type { RecordingEvent } from "../recordings/events.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { OpenRequest, UnwrittenTrack, WrittenTrack } from "../recordings/stages.ts";
import { trackFileName, trackNumberOf, userIdOf } from "../recordings/track-file-name.ts";
import { diskError } from "./disk-error.ts";
import { openForLines, replaceFile, syncDirectory } from "./durable-file.ts";
import { NOTHING_SO_FAR, TrackFile } from "./track-file.ts";
import { wavTagsOf } from "./track-tags.ts";
import { readTracksSoFar } from "./tracks-so-far.ts";
import { Unwritten } from "./unwritten.ts";

/** One person's file and what it is called. */
type OpenTrack = { readonly track: number; readonly userId: string; file: string; readonly wav: TrackFile };

/**
 * Frames are taken while `recording`; a disk error makes it `faulted`, a close `closed`: frames are then discarded and
 * counted, while the manifest may still be replaced.
 */
type FilesState = "recording" | "faulted" | "closed";

/** Lives on the writer thread; nothing else touches the folder until `release()`. Methods throw E-DISK. */
export class RecordingFiles {
  readonly #request: OpenRequest;
  readonly #tracksDirectory: string;
  readonly #eventsFd: number;
  readonly #tracks = new Map<number, OpenTrack>();
  readonly #names = new Map<number, string>();
  #manifest: Manifest;
  #state: FilesState = "recording";
  #written: readonly WrittenTrack[] = [];
  /** By track, as soon as anything of it came. */
  readonly #unwritten = new Map<number, Unwritten>();

  /** Creates the folder with a manifest and an empty list of events, or goes on with the one that is there. */
  constructor(request: OpenRequest, nowMs: number) {
    this.#request = request;
    this.#manifest = request.manifest;
    this.#tracksDirectory = path.join(request.directory, "tracks");
    this.#eventsFd = onDisk(() => {
      fs.mkdirSync(this.#tracksDirectory, { recursive: true });
      if (request.continues) this.#reopenTracks(nowMs);
      replaceFile(this.#manifestFile, manifestText(request.manifest));
      const fd = openForLines(path.join(request.directory, "events.ndjson"));
      syncDirectory(request.directory);
      return fd;
    });
  }

  get state(): FilesState {
    return this.#state;
  }

  /** No frame will be taken any more; what is written stays. */
  fault(): void {
    if (this.#state === "recording") this.#state = "faulted";
  }

  /** Takes a frame; opens the track at its first one. The hot path: one map look-up and one copy. */
  write(frame: Frame, nowMs: number): void {
    const fits = frame.channels === this.#request.channels && isPosition(frame.position);
    if (this.#state !== "recording" || !fits) {
      this.#discard(frame);
      return;
    }
    const track = this.#tracks.get(frame.track) ?? this.#openTrackOf(frame, nowMs);
    track.wav.write(frame, nowMs);
  }

  /** What was taken out of the queue, or should have been, and is in no file. Complete once the recording is closed. */
  get unwritten(): readonly UnwrittenTrack[] {
    return [...this.#unwritten]
      .filter(([, { missingSamples }]) => missingSamples > 0)
      .map(([track, unwritten]) => unwritten.told(track));
  }

  /** Writes blocks that have waited long enough. */
  flushOld(nowMs: number): void {
    if (this.#state !== "recording") return;
    for (const track of this.#tracks.values()) track.wav.flushIfOld(nowMs);
  }

  /** The track whose turn to be forced to the disk comes next, or came longest ago. */
  nextToSync(): TrackFile | undefined {
    if (this.#state !== "recording") return undefined;
    let next: TrackFile | undefined;
    for (const { wav } of this.#tracks.values()) {
      if (next === undefined || wav.syncDueAtMs < next.syncDueAtMs) next = wav;
    }
    return next;
  }

  /** Gives a track its person's name. A track that has no file yet gets it later. */
  nameTrack(track: number, name: string): void {
    this.#names.set(track, name);
    const open = this.#tracks.get(track);
    if (open === undefined || this.#state === "closed") return;
    onDisk(() => {
      const file = trackFileName(track, name);
      if (file !== open.file) {
        fs.renameSync(path.join(this.#tracksDirectory, open.file), path.join(this.#tracksDirectory, file));
        open.file = file;
        syncDirectory(this.#tracksDirectory);
      }
      open.wav.retag(this.#tagsOf(track, open.userId));
    });
  }

  /** Appends a line to `events.ndjson`. */
  recordEvent(event: RecordingEvent): void {
    onDisk(() => fs.writeSync(this.#eventsFd, `${JSON.stringify(event)}\n`));
  }

  /** Replaces `recording.json` as one step; tracks that are open get what is known of them so far. */
  writeManifest(manifest: Manifest): void {
    this.#manifest = manifest;
    const tracks = manifest.tracks.map((track) => ({
      ...track,
      ...this.#tracks.get(track.track)?.wav.soFar,
    }));
    const text = manifestText(this.#state === "closed" ? manifest : { ...manifest, tracks });
    onDisk(() => replaceFile(this.#manifestFile, text));
  }

  /**
   * Finishes every track at `lengthSamples`, those known by name alone included, and says what became of them. A
   * track that the disk will not finish is left out; throws E-DISK when that happened to all. Idempotent.
   */
  close(lengthSamples: number, nowMs: number, onRefusal: (error: unknown) => void): readonly WrittenTrack[] {
    if (this.#state === "closed") return this.#written;
    this.#createSilentTracks(nowMs, onRefusal);
    this.#state = "closed";
    const written: WrittenTrack[] = [];
    let refusal: unknown;
    for (const { track, userId, file, wav } of this.#tracks.values()) {
      try {
        const finished = wav.finish(lengthSamples, this.#tagsOf(track, userId), nowMs);
        written.push({ track, userId, file, samples: lengthSamples, ...finished });
        wav.refusals.forEach(onRefusal);
      } catch (error) {
        refusal = error;
        onRefusal(error);
      }
    }
    if (written.length === 0 && refusal !== undefined) throw diskError(refusal);
    this.#written = written.sort((a, b) => a.track - b.track);
    return this.#written;
  }

  /** Lets go of the folder. Tracks that were not closed stay as they are: valid, with silence at their end. */
  release(): void {
    const refusals: unknown[] = [];
    for (const { wav } of this.#tracks.values()) {
      try {
        if (this.#state === "recording") wav.flush();
      } catch (error) {
        refusals.push(error);
      } finally {
        wav.close();
      }
    }
    this.#tracks.clear();
    this.#state = "closed";
    fs.closeSync(this.#eventsFd);
    if (refusals.length > 0) throw diskError(refusals[0]);
  }

  get #manifestFile(): string {
    return path.join(this.#request.directory, "recording.json");
  }

  #discard(frame: Frame): void {
    const position = isPosition(frame.position) ? frame.position : 0;
    const unwritten =
      this.#unwritten.get(frame.track) ?? this.#unwrittenOf(frame.track, frame.userId.toString());
    unwritten.add(frame.packets, position, position + frame.samples);
  }

  #unwrittenOf(track: number, userId: string): Unwritten {
    let unwritten = this.#unwritten.get(track);
    if (unwritten === undefined) {
      unwritten = new Unwritten(userId);
      this.#unwritten.set(track, unwritten);
    }
    return unwritten;
  }

  #openTrackOf(frame: Frame, nowMs: number): OpenTrack {
    try {
      return this.#openTrack(frame.track, frame.userId.toString(), nowMs);
    } catch (error) {
      this.#discard(frame);
      throw error;
    }
  }

  #openTrack(track: number, userId: string, nowMs: number): OpenTrack {
    const file = trackFileName(track, this.#names.get(track) ?? userId);
    const wav = onDisk(() => {
      const tags = this.#tagsOf(track, userId);
      const unwritten = this.#unwrittenOf(track, userId);
      const target = path.join(this.#tracksDirectory, file);
      return TrackFile.create(target, this.#request.channels, tags, nowMs, unwritten);
    });
    const open = { track, userId, file, wav };
    this.#tracks.set(track, open);
    onDisk(() => syncDirectory(this.#tracksDirectory));
    return open;
  }

  /** Takes up every track that an earlier writer of this recording made. */
  #reopenTracks(nowMs: number): void {
    const soFar = readTracksSoFar(this.#manifestFile);
    for (const file of fs.readdirSync(this.#tracksDirectory)) {
      const track = trackNumberOf(file);
      if (track === undefined) continue;
      const known = this.#manifest.tracks.find((candidate) => candidate.track === track);
      const userId = known?.userId ?? userIdOf(file) ?? "unknown";
      if (known !== undefined && known.name !== userId) this.#names.set(track, known.name);
      const wav = TrackFile.reopen(
        path.join(this.#tracksDirectory, file),
        this.#request.channels,
        this.#tagsOf(track, userId),
        nowMs,
        soFar.get(track) ?? NOTHING_SO_FAR,
        this.#unwrittenOf(track, userId),
      );
      this.#tracks.set(track, { track, userId, file, wav });
    }
  }

  /** Somebody whose every frame was refused was heard all the same: a track of silence says so. */
  #createSilentTracks(nowMs: number, onRefusal: (error: unknown) => void): void {
    const known = new Map(this.#manifest.tracks.map(({ track, userId }) => [track, userId]));
    for (const track of this.#names.keys()) if (!known.has(track)) known.set(track, "");
    for (const [track, userId] of known) {
      if (this.#tracks.has(track)) continue;
      try {
        this.#openTrack(track, userId, nowMs);
      } catch (error) {
        onRefusal(error);
      }
    }
  }

  #tagsOf(track: number, userId: string): WavTags {
    const startedAtMs = this.#manifest.startedAtMs ?? this.#request.startedAtMs;
    const name = this.#names.get(track) ?? userId;
    return wavTagsOf({ ...this.#manifest, startedAtMs }, { track, name });
  }
}

function isPosition(position: number): boolean {
  return position >= 0 && Number.isSafeInteger(position);
}

function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function onDisk<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof RecorderError ? error : diskError(error);
  }
}
