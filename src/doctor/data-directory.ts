/** Whether `DATA_DIR` can be recorded into: writable, with room, with a sound catalog. */
import { mkdtemp, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, systemCodeOf } from "../errors.ts";
import { damageOf } from "../recordings/catalog-file.ts";
import { lookAtDataFolder } from "../recordings/data-folder.ts";
import { diskLevel } from "../recordings/disk-space.ts";
import { FileLock } from "../recordings/file-lock.ts";
import type { Storage } from "../recordings/storage.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** One person in mono for an hour. */
const HOUR_BYTES = 346_000_000;

/**
 * Whether the folder is one that we may use. A folder that is not there yet is as good as the one it will be made in. Where
 * this is `wrong`, nothing else of the folder can be told.
 */
export async function checkFolder({ dataDirectory }: Storage): Promise<Finding> {
  const found = await lookAtDataFolder(dataDirectory);
  if (found.kind === "unusable") return wrong(`${found.problem}.`, found.remedy);
  if (found.kind === "absent") {
    const code = await problemOfMaking(found.nearest);
    if (code === undefined) return good(`${dataDirectory} will be made at the first start`);
    return wrong(
      `${dataDirectory} cannot be made: nothing can be written in ${found.nearest} (${code}).`,
      "Make it and give it to the user that the recorder runs as, or let DATA_DIR name another folder.",
    );
  }
  return good(`${dataDirectory} is a folder that the recorder may use`);
}

/** Whether there is room, and whether a byte can really be written: rights alone do not tell. */
export async function checkRoom(storage: Storage, diskReserveBytes: number): Promise<readonly Finding[]> {
  const { dataDirectory } = storage;
  if (!(await exists(dataDirectory))) return [];
  const freeBytes = await storage.freeBytes();
  const hours = Math.floor(Math.max(0, freeBytes - diskReserveBytes) / HOUR_BYTES);
  const free = `${Math.floor(freeBytes / 1_048_576)} MB are free on the disk of ${dataDirectory}`;
  const remedy = "Free some space, or let DATA_DIR name a folder on a larger disk.";
  if (freeBytes < diskReserveBytes)
    return [wrong(`${free}, fewer than DISK_RESERVE_MB: recordings are refused.`, remedy)];
  if (!(await storage.isWritable()))
    return [
      wrong(
        `Nothing can be written in ${dataDirectory}.`,
        "Look at that disk (quota, inodes, read-only), or let DATA_DIR name a folder on another one.",
      ),
    ];
  if (diskLevel(freeBytes, diskReserveBytes) !== "enough") return [note(`${free}: that is little.`, remedy)];
  return [good(`${free}: ${hours} hours of one person speaking without a pause`)];
}

/** Reads through the catalog, and changes nothing. */
export async function checkCatalog({ dataDirectory }: Storage): Promise<Finding> {
  const path = join(dataDirectory, "catalog.sqlite");
  if (!(await exists(path))) return good("There is no catalog yet; it is made from the folders at the start");
  const damage = damageOf(path);
  if (damage === undefined) return good("The catalog is sound");
  return wrong(
    `The catalog is damaged: ${damage}.`,
    "Start the bot, or run npm run doctor -- --repair: it is moved aside and made anew from the recordings' folders.",
  );
}

/** Whether a bot records into the folder at this moment. */
export async function isInUse({ dataDirectory }: Storage): Promise<boolean> {
  const path = join(dataDirectory, "bot.lock");
  if (!(await exists(path))) return false;
  try {
    using lock = FileLock.take(path);
    return lock === undefined;
  } catch (error) {
    throw new Error(`${path} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** The code of what keeps folders from being made there. Tried, since rights alone do not tell: root has them all, in `/proc` too. */
async function problemOfMaking(place: string): Promise<string | undefined> {
  return mkdtemp(join(place, ".recorder-")).then(
    async (probe) => rmdir(probe).then(() => undefined),
    (error: unknown) => systemCodeOf(error) || messageOf(error),
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
