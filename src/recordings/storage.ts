import { readdir, readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, messageOf, RecorderError } from "../errors.ts";
import { archiveName } from "./archive-name.ts";
import { lookAtDataFolder, makeFolder } from "./data-folder.ts";
import { manifestSchema } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { isRecordingId } from "./recording-id.ts";
import { UNTOLD_FILE } from "./recovery-stage.ts";
import { trackNumberOf } from "./track-file-name.ts";

/** One WAV in `tracks/`. */
export type TrackFile = { readonly file: string; readonly sizeBytes: number };

/** Where recordings lie under `DATA_DIR`. Paths are made from our own ids and from what `readdir` finds, never from names. */
export class Storage {
  readonly dataDirectory: string;
  readonly recordingsDirectory: string;
  /** Folders that nobody can make sense of; see `recovery.ts`. */
  readonly quarantineDirectory: string;

  /** `dataDirectory` is absolute. Touches nothing. */
  constructor(dataDirectory: string) {
    this.dataDirectory = dataDirectory;
    this.recordingsDirectory = join(dataDirectory, "recordings");
    this.quarantineDirectory = join(dataDirectory, "quarantine");
  }

  /** Makes the folders. Rejects with `E-DATA-DIR` where that cannot be done, or where nothing may be written in them. */
  async prepare(): Promise<void> {
    try {
      const found = await lookAtDataFolder(this.dataDirectory);
      if (found.kind === "unusable") throw new RecorderError("E-DATA-DIR", `${found.problem}.`, found.remedy);
      await makeFolder(this.recordingsDirectory);
    } catch (error) {
      if (error instanceof RecorderError) throw error;
      throw new RecorderError(
        "E-DATA-DIR",
        `The folder ${this.recordingsDirectory} cannot be made: ${messageOf(error)}.`,
        "Let DATA_DIR name a folder that the recorder may write to.",
        { cause: error },
      );
    }
  }

  /** A recording's folder. Throws on anything that is not an id. */
  directory(id: string): string {
    if (!isRecordingId(id))
      throw new RecorderError(
        "E-RECORDING-ID",
        "That is not the id of a recording.",
        "Copy the whole link and try again.",
      );
    return join(this.recordingsDirectory, id);
  }

  tracksDirectory(id: string): string {
    return join(this.directory(id), "tracks");
  }

  /** What is made from the tracks. */
  exportsDirectory(id: string): string {
    return join(this.directory(id), "exports");
  }

  /** Whether the recording's folder is there: deleting the folder deletes the recording. */
  async exists(id: string): Promise<boolean> {
    return (await stat(this.directory(id)).catch(() => undefined))?.isDirectory() === true;
  }

  /** The ZIP of everything, once it has been made; it appears whole or not at all. */
  async archiveFile(manifest: Pick<Manifest, "id" | "title" | "channel">): Promise<TrackFile | undefined> {
    const file = archiveName(manifest);
    const found = await stat(join(this.exportsDirectory(manifest.id), file)).catch(() => undefined);
    return found?.isFile() ? { file, sizeBytes: found.size } : undefined;
  }

  /** The manifest in the folder; undefined where there is none. Rejects with `E-MANIFEST` where it makes no sense. */
  async readManifest(id: string): Promise<Manifest | undefined> {
    const path = join(this.directory(id), "recording.json");
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw unreadable(path, error);
    }
    try {
      return manifestSchema.parse(JSON.parse(text));
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** The WAVs in `tracks/` by track number. Empty where there is no such folder. */
  async trackFiles(id: string): Promise<ReadonlyMap<number, TrackFile>> {
    const directory = this.tracksDirectory(id);
    let names: string[];
    try {
      names = await readdir(directory);
    } catch (error) {
      if (isMissing(error)) return new Map();
      throw error;
    }
    const files = new Map<number, TrackFile>();
    for (const file of names.sort()) {
      const track = trackNumberOf(file);
      if (track === undefined) continue;
      const found = await stat(join(directory, file)).catch(() => undefined);
      if (found?.isFile()) files.set(track, { file, sizeBytes: found.size });
    }
    return files;
  }

  /** Removes the folder of a recording that never got audio; keeps it where any track exists. */
  async removeUnused(id: string): Promise<void> {
    if ((await this.trackFiles(id)).size > 0) return;
    await rm(this.directory(id), { recursive: true, force: true });
  }

  /** Whether people still have to be told that the recording was recovered. */
  async isUntold(id: string): Promise<boolean> {
    return (await stat(join(this.directory(id), UNTOLD_FILE)).catch(() => undefined)) !== undefined;
  }

  async markTold(id: string): Promise<void> {
    await rm(join(this.directory(id), UNTOLD_FILE), { force: true });
  }

  /** Bytes that the recorder may still write on the disk of `DATA_DIR`. */
  async freeBytes(): Promise<number> {
    const disk = await statfs(this.dataDirectory);
    return disk.bavail * disk.bsize;
  }

  /** Whether a byte can really be written: permissions alone do not tell of a read-only or a full disk. */
  async isWritable(): Promise<boolean> {
    const probe = join(this.dataDirectory, `.writable-${process.pid}`);
    try {
      await writeFile(probe, "1");
      await rm(probe, { force: true });
      return true;
    } catch {
      return false;
    }
  }
}

function unreadable(path: string, cause: unknown): RecorderError {
  return new RecorderError(
    "E-MANIFEST",
    `${path} cannot be read as a recording's manifest.`,
    "Its audio in tracks/ is not touched by this; restore the file from a backup, or take the WAVs from there.",
    { cause },
  );
}
