import { join } from "node:path";
import { messageOf, RecorderError } from "../errors.ts";
import { FileLock } from "./file-lock.ts";

/**
 * Lets one bot at a time record into a `DATA_DIR`: two would take each other's running recordings for interrupted ones.
 * Throws `E-DATA-DIR-IN-USE` at once, `E-DATA-DIR` where the lock file cannot be used.
 */
export function lockInstance(dataDirectory: string): FileLock {
  const path = join(dataDirectory, "bot.lock");
  let lock: FileLock | undefined;
  try {
    lock = FileLock.take(path);
  } catch (error) {
    throw new RecorderError(
      "E-DATA-DIR",
      `The lock ${path} cannot be taken: ${messageOf(error)}.`,
      "Let DATA_DIR name a folder on a disk of this machine that the recorder may write to.",
      { cause: error },
    );
  }
  if (lock === undefined)
    throw new RecorderError(
      "E-DATA-DIR-IN-USE",
      `Another bot is already recording into ${dataDirectory}.`,
      "Stop it first, or give this one a DATA_DIR of its own; ROLES=web and ROLES=jobs may share it.",
    );
  return lock;
}
