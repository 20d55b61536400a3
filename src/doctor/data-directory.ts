/** Whether `DATA_DIR` can be recorded into: writable, with room, with a sound catalog. */
import { mkdtemp, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, systemCodeOf } from "../errors.ts";
import { damageOf } from "../recordings/catalog-file.ts";
import { diskLevel } from "../recordings/disk-space.ts";
import { FileLock } from "../recordings/file-lock.ts";
import type { Storage } from "../recordings/storage.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** One person in mono for an hour. */
const HOUR_BYTES = 346_000_000;

const ELSEWHERE = "Give it to the user that the recorder runs as, or let DATA_DIR name another folder.";

/** Room and rights. A folder that is not there yet is as good as the one it will be made in. */
export async function checkDataDirectory(
  storage: Storage,
  diskReserveBytes: number,
): Promise<readonly Finding[]> {
  const { dataDirectory } = storage;
  if (!(await exists(dataDirectory))) {
    const problem = await problemOfMaking(dataDirectory);
    return [
      problem === undefined
        ? good(`${dataDirectory} will be made at the first start`)
        : wrong(`${dataDirectory} cannot be made: ${problem}.`, ELSEWHERE),
    ];
  }
  if (!(await storage.isWritable())) return [notWritable(dataDirectory)];
  const freeBytes = await storage.freeBytes();
  const hours = Math.floor(Math.max(0, freeBytes - diskReserveBytes) / HOUR_BYTES);
  const free = `${Math.floor(freeBytes / 1_048_576)} MB are free on the disk of ${dataDirectory}`;
  const remedy = "Free some space, or let DATA_DIR name a folder on a larger disk.";
  if (freeBytes < diskReserveBytes)
    return [wrong(`${free}, fewer than DISK_RESERVE_MB: recordings are refused.`, remedy)];
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

function notWritable(directory: string): Finding {
  return wrong(`${directory} cannot be written to.`, ELSEWHERE);
}

/** Why a folder cannot be made. Tried beside it, since rights alone do not tell: root has them all, in `/proc` too. */
async function problemOfMaking(directory: string): Promise<string | undefined> {
  const place = await nearest(directory);
  try {
    await rmdir(await mkdtemp(join(place, ".recorder-")));
    return undefined;
  } catch (error) {
    const code = systemCodeOf(error);
    return `nothing can be written in ${place}${code === "" ? "" : ` (${code})`}`;
  }
}

async function nearest(path: string): Promise<string> {
  let place = path;
  while (!(await exists(place)) && dirname(place) !== place) place = dirname(place);
  return place;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
