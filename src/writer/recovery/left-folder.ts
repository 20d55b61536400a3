/** The folder of a recording that a dead process left: what lies in it, and what is done with it as a whole. */
import * as fs from "node:fs";
import path from "node:path";
import { isMissing } from "../../errors.ts";
import { trackNumberOf } from "../../recordings/track-file-name.ts";
import { syncDirectory } from "../durable-file.ts";

/** One `NN-….wav`. */
export type LeftTrackFile = { readonly track: number; readonly file: string };

/** What was about to become one of the folder's files: the writer's name for it, or that of a job. */
const DRAFT = /^(recording\.json|events\.ndjson)\.([0-9a-f]+\.)?tmp$/;

/** By number; of two files with one number the one that comes first is it. */
export function trackFilesIn(directory: string): readonly LeftTrackFile[] {
  const byNumber = new Map<number, LeftTrackFile>();
  for (const file of namesIn(path.join(directory, "tracks")).sort()) {
    const track = trackNumberOf(file);
    if (track !== undefined && track > 0 && !byNumber.has(track)) byNumber.set(track, { track, file });
  }
  return [...byNumber.values()].sort((a, b) => a.track - b.track);
}

/** The file's text; empty where there is none. */
export function textIn(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

/** Removes files that were being written when the process died, each of which has its old text in its place. */
export function removeDrafts(directory: string): void {
  for (const name of namesIn(directory)) if (DRAFT.test(name)) fs.rmSync(path.join(directory, name));
}

/** Removes a folder in which there is nothing but drafts and empty folders; false where there is more, and nothing is removed then. */
export function removeEmpty(directory: string): boolean {
  const inside = fs.readdirSync(directory, { withFileTypes: true, recursive: true });
  if (inside.some((entry) => !entry.isDirectory() && !DRAFT.test(entry.name))) return false;
  removeDrafts(directory);
  // Deepest first; refuses what is not empty after all.
  const folders = inside
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  for (const folder of folders.sort().reverse()) fs.rmdirSync(folder);
  fs.rmdirSync(directory);
  syncDirectory(path.dirname(directory));
  return true;
}

/** Moves a folder aside whole, under a name that is still free; gives its new place. */
export function quarantine(directory: string, quarantineDirectory: string): string {
  fs.mkdirSync(quarantineDirectory, { recursive: true });
  let number = 1;
  const place = (): string => path.join(quarantineDirectory, `${path.basename(directory)}-${number}`);
  while (fs.existsSync(place())) number++;
  fs.renameSync(directory, place());
  syncDirectory(quarantineDirectory);
  syncDirectory(path.dirname(directory));
  return place();
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
