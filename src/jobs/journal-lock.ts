import { join } from "node:path";
import { messageOf, RecorderError } from "../errors.ts";
import { FileLock } from "../recordings/file-lock.ts";

/**
 * Says that this process, and no other, works at the jobs of a data directory. Throws `E-JOBS-RUNNING` when another runner
 * does, `E-JOBS` when the lock file cannot be had.
 */
export function lockJournal(directory: string): FileLock {
  const path = join(directory, "jobs.lock");
  let lock: FileLock | undefined;
  try {
    lock = FileLock.take(path);
  } catch (error) {
    throw new RecorderError(
      "E-JOBS",
      `${path} cannot be locked: ${messageOf(error)}.`,
      "Check the folder's permissions and the free space.",
      { cause: error },
    );
  }
  if (lock === undefined)
    throw new RecorderError(
      "E-JOBS-RUNNING",
      `Another process works at the jobs in ${directory}.`,
      "Stop it, leave `jobs` out of ROLES here, or set REDIS_URL for both.",
    );
  return lock;
}
