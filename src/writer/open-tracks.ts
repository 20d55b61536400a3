import * as fs from "node:fs";
import path from "node:path";
import type { WavTags } from "../audio/wav-tags.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { OpenRequest } from "../recordings/stages.ts";
import { trackFileName, trackNumberOf, userIdOf } from "../recordings/track-file-name.ts";
import { onDisk } from "./disk-error.ts";
import { SyncedFolder } from "./synced-folder.ts";
import { NOTHING_SO_FAR, TrackFile } from "./track-file.ts";
import type { TrackSoFar } from "./track-file.ts";
import { wavTagsOf } from "./track-tags.ts";
import type { UnwrittenTracks } from "./unwritten.ts";

/** One person's file and what it is called. */
export type OpenTrack = {
  readonly track: number;
  readonly userId: string;
  file: string;
  readonly wav: TrackFile;
};

/** Lives on the writer thread. The files of one recording's tracks: made, found again, called after their people. */
export class OpenTracks {
  /** What is in the files' tags. */
  manifest: Manifest;
  readonly #request: OpenRequest;
  readonly #directory: string;
  /** Of the tracks, to be forced when files have been made or named. */
  readonly folder: SyncedFolder;
  readonly #unwritten: UnwrittenTracks;
  readonly #tracks = new Map<number, OpenTrack>();
  readonly #names = new Map<number, string>();

  /** Makes no file yet. Throws what the disk says. @param directory where the files are to be; must be there */
  constructor(request: OpenRequest, directory: string, unwritten: UnwrittenTracks) {
    this.manifest = request.manifest;
    this.#request = request;
    this.#directory = directory;
    this.#unwritten = unwritten;
    this.folder = new SyncedFolder(directory);
  }

  get(track: number): OpenTrack | undefined {
    return this.#tracks.get(track);
  }

  all(): Iterable<OpenTrack> {
    return this.#tracks.values();
  }

  /** Makes the file of a track that has none. Throws E-DISK. */
  open(track: number, userId: string, nowMs: number): OpenTrack {
    const file = trackFileName(track, this.#names.get(track) ?? userId);
    const wav = onDisk(() => {
      const tags = this.tagsOf(track, userId);
      const unwritten = this.#unwritten.of(track, userId);
      return TrackFile.create(
        path.join(this.#directory, file),
        this.#request.channels,
        tags,
        nowMs,
        unwritten,
      );
    });
    const open = { track, userId, file, wav };
    this.#tracks.set(track, open);
    this.folder.changed();
    return open;
  }

  /** Takes up every track that an earlier writer of this recording made. */
  reopen(soFar: ReadonlyMap<number, TrackSoFar>, nowMs: number): void {
    for (const file of fs.readdirSync(this.#directory)) {
      const track = trackNumberOf(file);
      if (track === undefined) continue;
      const known = this.manifest.tracks.find((candidate) => candidate.track === track);
      const userId = known?.userId ?? userIdOf(file) ?? "unknown";
      if (known !== undefined && known.name !== userId) this.#names.set(track, known.name);
      const wav = TrackFile.reopen(
        path.join(this.#directory, file),
        this.#request.channels,
        this.tagsOf(track, userId),
        nowMs,
        soFar.get(track) ?? NOTHING_SO_FAR,
        this.#unwritten.of(track, userId),
      );
      this.#tracks.set(track, { track, userId, file, wav });
    }
    // Nobody knows whether that writer had forced it.
    this.folder.changed();
  }

  /** Keeps a person's name, for a file that may yet have to be made. */
  name(track: number, name: string): void {
    this.#names.set(track, name);
  }

  /** Calls a track's file, if there is one, by its person's name. Throws E-DISK. */
  rename(track: number): void {
    const open = this.#tracks.get(track);
    const name = this.#names.get(track);
    if (open === undefined || name === undefined) return;
    onDisk(() => {
      const file = trackFileName(track, name);
      if (file !== open.file) {
        fs.renameSync(path.join(this.#directory, open.file), path.join(this.#directory, file));
        open.file = file;
        this.folder.changed();
      }
      open.wav.retag(this.tagsOf(track, open.userId));
    });
  }

  /** Those known by manifest or name that have no file; the user's id is empty where nobody said it. */
  missing(): readonly { readonly track: number; readonly userId: string }[] {
    const known = new Map(this.manifest.tracks.map(({ track, userId }) => [track, userId]));
    for (const track of this.#names.keys()) if (!known.has(track)) known.set(track, "");
    return [...known]
      .filter(([track]) => !this.#tracks.has(track))
      .map(([track, userId]) => ({ track, userId }));
  }

  tagsOf(track: number, userId: string): WavTags {
    const startedAtMs = this.manifest.startedAtMs ?? this.#request.startedAtMs;
    const name = this.#names.get(track) ?? userId;
    return wavTagsOf({ ...this.manifest, startedAtMs }, { track, name });
  }

  /** Closes every file as it is, and forgets it. Idempotent. */
  close(): void {
    for (const { wav } of this.#tracks.values()) wav.close();
    this.#tracks.clear();
    this.folder.close();
  }
}
