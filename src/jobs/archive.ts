import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, RecorderError, systemCodeOf } from "../errors.ts";
import { archiveName, titleSlug } from "../recordings/archive-name.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { slugOf } from "../recordings/slug.ts";
import type { Storage } from "../recordings/storage.ts";
import { diskRefusal } from "./disk-refusal.ts";
import { syncDirectory } from "./durable-file.ts";
import { finalManifest } from "./final-manifest.ts";
import { finish } from "./finish.ts";
import type { JobContext } from "./job-runner.ts";
import type { Surroundings } from "./surroundings.ts";
import { writeZip, zipBytes } from "./zip-file.ts";
import type { ZipEntry } from "./zip-file.ts";

/** Ends the name of a ZIP that is being written. */
const PART = ".part";

/** What file systems or terminals read as something else than a name. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]/u;

/**
 * Makes `exports/<title>.zip`: every WAV, `recording.json` and `events.ndjson`. It appears whole or not at all, and has
 * the same bytes whenever it is made (on machines of one time zone: DOS dates are local). Checks the tracks first
 * where `finish` has not been, because it changes headers. Rejects with `E-DISK` where the disk is or becomes full, and
 * leaves nothing of its own behind.
 */
export async function archive(around: Surroundings, id: string, context: JobContext): Promise<void> {
  const { storage } = around;
  if ((await finalManifest(around, id))?.checked === undefined) await finish(around, id, context);
  const manifest = await finalManifest(around, id);
  if (manifest === undefined) {
    context.log.info("the recording is gone: there is nothing to archive");
    return;
  }
  const sources = await sourcesOf(storage, manifest);
  const directory = storage.exportsDirectory(id);
  const target = join(directory, archiveName(manifest));
  try {
    await makeFolder(directory);
    await removeParts(directory);
    if (await isNewest(target, sources)) return;
    await makeRoom(around, zipBytes(sources));
    await write(sources, target, manifest, context);
    await syncDirectory(directory);
  } catch (error) {
    context.signal.throwIfAborted();
    throw diskRefusal("The ZIP of the recording", error);
  }
  context.log.info({ files: sources.length }, "a recording's ZIP was made");
}

async function write(
  sources: readonly ZipEntry[],
  target: string,
  manifest: Manifest,
  context: JobContext,
): Promise<void> {
  const { signal } = context;
  const total = zipBytes(sources);
  // A name of its own: another process at the same work writes the same bytes, but not into this file.
  const part = `${target}.${randomBytes(6).toString("hex")}${PART}`;
  try {
    const mtime = new Date(manifest.startedAtMs ?? manifest.endedAtMs ?? 0);
    await writeZip(sources, part, {
      mtime,
      signal,
      onBytes: (bytes) => context.progress(Math.min(1, bytes / total)),
    });
    signal.throwIfAborted();
    await rename(part, target);
  } finally {
    await rm(part, { force: true });
  }
}

/** In the order of the ZIP: what explains the recording, then the tracks by number. All in one folder of its title. */
async function sourcesOf(storage: Storage, manifest: Manifest): Promise<ZipEntry[]> {
  const { id } = manifest;
  const folder = titleSlug(manifest);
  const sources: ZipEntry[] = [];
  for (const file of ["recording.json", "events.ndjson"]) {
    const path = join(storage.directory(id), file);
    const sizeBytes = await sizeOf(path);
    if (sizeBytes !== undefined) sources.push({ name: `${folder}/${file}`, path, sizeBytes });
  }
  const files = [...(await storage.trackFiles(id))].sort(([a], [b]) => a - b);
  for (const [number, { file, sizeBytes }] of files) {
    const name = `${folder}/${fitName(number, file)}`;
    sources.push({ name, path: join(storage.tracksDirectory(id), file), sizeBytes });
  }
  return sources;
}

/** The writer's names are fit for every system; one that somebody put there by hand may not be. */
function fitName(number: number, file: string): string {
  if (!UNFIT.test(file)) return file;
  const name = file.slice(file.indexOf("-") + 1, -".wav".length);
  return `${String(number).padStart(2, "0")}-${slugOf(name, "user")}.wav`;
}

/** The folder of the recording must be there: one that has just been deleted is not made anew. */
async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
}

/** What a process left that was killed while it wrote. */
async function removeParts(directory: string): Promise<void> {
  for (const file of await readdir(directory))
    if (file.endsWith(PART)) await rm(join(directory, file), { force: true });
}

/** Whether the ZIP is there and nothing in it has changed since. The size tells what a coarse clock does not. */
async function isNewest(target: string, sources: readonly ZipEntry[]): Promise<boolean> {
  const made = await modifiedAt(target);
  if (made === undefined || (await sizeOf(target)) !== zipBytes(sources)) return false;
  for (const { path } of sources) if (((await modifiedAt(path)) ?? made) > made) return false;
  return true;
}

/** In nanoseconds. */
async function modifiedAt(path: string): Promise<bigint | undefined> {
  const found = await stat(path, { bigint: true }).catch(nothingIfMissing);
  return found?.mtimeNs;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(nothingIfMissing))?.size;
}

function nothingIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** Said before the first byte, rather than after filling the disk that recordings need. */
async function makeRoom({ storage, diskReserveBytes = 0 }: Surroundings, bytes: number): Promise<void> {
  const spare = (await storage.freeBytes()) - diskReserveBytes;
  if (spare >= bytes) return;
  const megabytes = (count: number) => Math.ceil(Math.max(0, count) / 1_000_000);
  throw new RecorderError(
    "E-DISK",
    `The ZIP of the recording needs ${megabytes(bytes)} MB, and the disk has ${megabytes(spare)} MB to spare.`,
    "Free some space on the disk of DATA_DIR; it is tried again. Everything recorded is kept.",
  );
}
