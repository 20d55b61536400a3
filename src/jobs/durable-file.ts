/** File operations that are true on the disk before they resolve, for work beside the event loop. */
import { randomBytes } from "node:crypto";
import { open, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const DRAFT = /^\.[0-9a-f]{12}\.tmp$/;
/** That this process is writing. */
const drafts = new Set<string>();

/** Makes a folder's entries (new, renamed, removed files) survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, "r");
  await handle.sync();
}

/**
 * Replaces a file as one step: a reader, or a crash, finds the old text or the new one, never a part. A file that says
 * so already is left alone. What a killed process left of an earlier attempt is removed.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return;
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  drafts.add(draft);
  try {
    await writeFile(draft, text, { flush: true });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    drafts.delete(draft);
  }
  await removeDeadDrafts(file);
  await syncDirectory(dirname(file));
}

/** One process works at a recording's jobs, so a draft that is not its own has no writer any more. */
async function removeDeadDrafts(file: string): Promise<void> {
  const name = basename(file);
  for (const entry of await readdir(dirname(file))) {
    const draft = join(dirname(file), entry);
    if (entry.startsWith(name) && DRAFT.test(entry.slice(name.length)) && !drafts.has(draft))
      await rm(draft, { force: true });
  }
}
