import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, RecorderError, toErrorData } from "../errors.ts";
import { isOver } from "../recordings/manifest.ts";
import { isRecordingId } from "../recordings/recording-id.ts";
import { hasExpired, MS_PER_DAY } from "../recordings/retention.ts";
import { syncDirectory } from "./durable-file.ts";
import { readable } from "./final-manifest.ts";
import type { JobContext } from "./job-runner.ts";
import type { Surroundings } from "./surroundings.ts";

/** A folder on its way out: no page, no link and no reader finds it under this name. */
const DELETED = ".deleted-";

type Judgement =
  /** Past its time, or half deleted: nothing of it is to stay. */
  | "due"
  /** Its time has not come, or somebody still writes to it. */
  | "keep";

/**
 * Deletes a recording whole when it has been kept for `retentionDays`, and never one that is not over. The folder gets
 * another name first, in one step, then goes, then the row: killed anywhere, the next sweep goes on, and no half of a
 * recording is ever seen. Rejects for good with `E-MANIFEST` where the folder's manifest does not tell what it is.
 */
export async function expire(around: Surroundings, id: string, { log }: JobContext): Promise<void> {
  const { storage, catalog } = around;
  if ((await readable(judge(around, id))) === "keep") return;
  const folder = storage.directory(id);
  const deleted = join(storage.recordingsDirectory, `${DELETED}${id}`);
  if (await exists(folder)) {
    await rm(deleted, { recursive: true, force: true });
    await rename(folder, deleted);
    await syncDirectory(storage.recordingsDirectory);
  }
  await rm(deleted, { recursive: true, force: true, maxRetries: 3 });
  await syncDirectory(storage.recordingsDirectory);
  await catalog.remove(id);
  log.info({ retentionDays: around.retentionDays }, "a recording was deleted: it had been kept long enough");
}

/** Makes a job for each recording whose time has come. What cannot be judged is reported and kept. */
export async function sweep(around: Surroundings, context: JobContext): Promise<void> {
  const { storage, catalog, retentionDays, enqueue } = around;
  const due = new Set(await catalog.listOverBefore(Date.now() - retentionDays * MS_PER_DAY));
  for (const name of await readdir(storage.recordingsDirectory)) {
    context.signal.throwIfAborted();
    const id = name.startsWith(DELETED) ? name.slice(DELETED.length) : name;
    if (!isRecordingId(id) || due.has(id)) continue;
    // A catalog that was lost must not keep recordings for ever: their folders say how old they are.
    if (name === id && (await catalog.knows(id))) continue;
    if ((await judgeOrReport(around, id, context)) === "due") due.add(id);
  }
  let done = 0;
  for (const recordingId of due) {
    context.signal.throwIfAborted();
    await enqueue("expire", { recordingId }, { again: true });
    context.progress(++done / due.size);
  }
  if (due.size > 0) context.log.info({ recordings: due.size }, "recordings have been kept long enough");
}

async function judgeOrReport(around: Surroundings, id: string, { log }: JobContext): Promise<Judgement> {
  try {
    return await judge(around, id);
  } catch (error) {
    const { code, message } = toErrorData(error);
    log.error({ err: error, code }, `a recording cannot be judged and is kept: ${message}`);
    return "keep";
  }
}

async function judge({ storage, catalog, retentionDays }: Surroundings, id: string): Promise<Judgement> {
  const known = await catalog.find(id);
  // Whatever the folder says: who records tells the catalog first.
  if (known !== undefined && !isOver(known)) return "keep";
  const folder = storage.directory(id);
  if (!(await exists(folder)))
    return known === undefined || hasExpired(known, retentionDays, Date.now()) || begunNever(known)
      ? "due"
      : "keep";
  const manifest = await storage.readManifest(id);
  if (manifest === undefined)
    throw new RecorderError(
      "E-MANIFEST",
      `${folder} has no manifest, so nobody knows how old it is.`,
      "Look at its tracks/ and move or delete the folder by hand.",
    );
  if (known === undefined && !isOver(manifest)) return "keep";
  if (!begunNever(manifest)) return hasExpired(manifest, retentionDays, Date.now()) ? "due" : "keep";
  const { mtimeMs } = await stat(join(folder, "recording.json"));
  return hasExpired({ startedAtMs: mtimeMs }, retentionDays, Date.now()) ? "due" : "keep";
}

function begunNever(manifest: {
  readonly startedAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
}) {
  return manifest.startedAtMs === undefined && manifest.endedAtMs === undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
