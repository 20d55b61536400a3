/** The folder of one recording while it is written: tracks, manifest, events. */
import * as fs from "node:fs";
import path from "node:path";
import type { Frame } from "../queue/frame.ts";
import type { RecordingEvent } from "../recordings/events.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { OpenRequest, UnwrittenTrack, WrittenTrack } from "../recordings/stages.ts";
import { diskError, onDisk } from "./disk-error.ts";
import { openForLines, syncDirectory } from "./durable-file.ts";
import { ManifestFile } from "./manifest-file.ts";
import { OpenTracks } from "./open-tracks.ts";
import type { OpenTrack } from "./open-tracks.ts";
import type { TrackFile } from "./track-file.ts";
import { readTracksSoFar } from "./tracks-so-far.ts";
import { UnwrittenTracks } from "./unwritten.ts";

/**
 * Frames are taken while `recording`; a disk error makes it `faulted`, a close `closed`: frames are then discarded and
 * counted, while the manifest may still be replaced.
 */
type FilesState = "recording" | "faulted" | "closed";

/** What must be forced to the disk now and then; times on the clock of `performance.now()`. */
export type Syncable = { readonly syncDueAtMs: number; sync(nowMs: number): Promise<void> };

/** Lives on the writer thread; nothing else touches the folder until `release()` has ended. Methods throw E-DISK. */
export class RecordingFiles {
  readonly #request: OpenRequest;
  readonly #eventsFd: number;
  readonly #unwritten = new UnwrittenTracks();
  readonly #tracks: OpenTracks;
  readonly #manifest: ManifestFile;
  #state: FilesState = "recording";
  #closing: Promise<readonly WrittenTrack[]> | undefined;

  /** Creates the folder with a manifest and an empty list of events, or goes on with the one that is there. */
  constructor(request: OpenRequest, nowMs: number) {
    this.#request = request;
    this.#manifest = new ManifestFile(request.directory);
    const tracksDirectory = path.join(request.directory, "tracks");
    this.#tracks = onDisk(() => {
      fs.mkdirSync(tracksDirectory, { recursive: true });
      return new OpenTracks(request, tracksDirectory, this.#unwritten);
    });
    try {
      this.#eventsFd = onDisk(() => this.#begin(nowMs));
    } catch (error) {
      this.#tracks.close();
      throw error;
    }
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
    return this.#unwritten.told;
  }

  /** Writes blocks that have waited long enough. */
  flushOld(nowMs: number): void {
    if (this.#state !== "recording") return;
    for (const track of this.#tracks.all()) track.wav.flushIfOld(nowMs);
  }

  /** What is to be forced to the disk next, or should have been longest ago: the folder or a track. */
  nextToSync(): Syncable | undefined {
    if (this.#state !== "recording") return undefined;
    let next: Syncable = this.#tracks.folder;
    for (const { wav } of this.#tracks.all()) {
      if (wav.syncDueAtMs < next.syncDueAtMs) next = wav;
    }
    return next;
  }

  /** Gives a track its person's name. A track that has no file yet gets it later. */
  nameTrack(track: number, name: string): void {
    this.#tracks.name(track, name);
    if (this.#state !== "closed") this.#tracks.rename(track);
  }

  /** Appends a line to `events.ndjson`. */
  recordEvent(event: RecordingEvent): void {
    onDisk(() => fs.writeSync(this.#eventsFd, `${JSON.stringify(event)}\n`));
  }

  /** Replaces `recording.json` as one step; tracks that are open get what is known of them now. */
  async writeManifest(manifest: Manifest): Promise<void> {
    this.#tracks.manifest = manifest;
    const tracks = manifest.tracks.map((track) => ({
      ...track,
      ...this.#tracks.get(track.track)?.wav.soFar,
    }));
    await this.#manifest.replace(this.#state === "closed" ? manifest : { ...manifest, tracks });
  }

  /**
   * Finishes every track at `lengthSamples`, those known by name alone included, and says what became of them; all of
   * it is on the disk then, forced together. A track that the disk will not finish is left out; rejects with E-DISK when
   * that happened to all, or to the folder. Every call gets the first one's promise.
   */
  close(
    lengthSamples: number,
    nowMs: number,
    onRefusal: (error: unknown) => void,
  ): Promise<readonly WrittenTrack[]> {
    return (this.#closing ??= this.#close(lengthSamples, nowMs, onRefusal));
  }

  async #close(
    lengthSamples: number,
    nowMs: number,
    onRefusal: (error: unknown) => void,
  ): Promise<readonly WrittenTrack[]> {
    this.#createSilentTracks(nowMs, onRefusal);
    this.#state = "closed";
    const written: WrittenTrack[] = [];
    let refusal: unknown;
    const refused = (error: unknown): void => {
      refusal = error;
      onRefusal(error);
    };
    // All are written before the first is forced: what the disk's journal has at once costs one commit.
    const finished: { readonly wav: TrackFile; readonly told: WrittenTrack }[] = [];
    for (const { track, userId, file, wav } of this.#tracks.all()) {
      try {
        const ended = wav.finish(lengthSamples, this.#tracks.tagsOf(track, userId));
        finished.push({ wav, told: { track, userId, file, samples: lengthSamples, ...ended } });
        wav.refusals.forEach(onRefusal);
      } catch (error) {
        refused(error);
        wav.close();
      }
    }
    // Each has begun when this function first waits: who lets go of the folder then closes nothing that is to be forced.
    const forcing = finished.map(async ({ wav, told }) => {
      try {
        await wav.sync(nowMs);
        written.push(told);
      } catch (error) {
        refused(error);
      } finally {
        wav.close();
      }
    });
    const [folder] = await Promise.allSettled([this.#tracks.folder.sync(), ...forcing]);
    if (folder.status === "rejected") throw diskError(folder.reason);
    if (written.length === 0 && refusal !== undefined) throw diskError(refusal);
    return written.sort((a, b) => a.track - b.track);
  }

  /**
   * Lets go of the folder, once no manifest is under way. Tracks that were not closed stay as they are: valid, with
   * silence at their end.
   */
  async release(): Promise<void> {
    const refusals: unknown[] = [];
    for (const { wav } of this.#tracks.all()) {
      try {
        if (this.#state === "recording") wav.flush();
      } catch (error) {
        refusals.push(error);
      }
    }
    this.#tracks.close();
    this.#state = "closed";
    fs.closeSync(this.#eventsFd);
    await this.#manifest.rest();
    if (refusals.length > 0) throw diskError(refusals[0]);
  }

  /** Gives the descriptor of the list of events. */
  #begin(nowMs: number): number {
    const { directory, continues, manifest } = this.#request;
    if (continues) this.#tracks.reopen(readTracksSoFar(this.#manifest.path), nowMs);
    this.#manifest.create(manifest);
    const fd = openForLines(path.join(directory, "events.ndjson"));
    syncDirectory(directory);
    return fd;
  }

  #discard(frame: Frame): void {
    const position = isPosition(frame.position) ? frame.position : 0;
    this.#unwritten.of(frame.track, frame.userId).add(frame.packets, position, position + frame.samples);
  }

  #openTrackOf(frame: Frame, nowMs: number): OpenTrack {
    try {
      return this.#tracks.open(frame.track, frame.userId.toString(), nowMs);
    } catch (error) {
      this.#discard(frame);
      throw error;
    }
  }

  /** Somebody whose every frame was refused was heard all the same: a track of silence says so. */
  #createSilentTracks(nowMs: number, onRefusal: (error: unknown) => void): void {
    for (const { track, userId } of this.#tracks.missing()) {
      try {
        this.#tracks.open(track, userId, nowMs);
      } catch (error) {
        onRefusal(error);
      }
    }
  }
}

function isPosition(position: number): boolean {
  return position >= 0 && Number.isSafeInteger(position);
}
