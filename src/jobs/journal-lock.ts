import { join } from "node:path";
import Database from "better-sqlite3";
import { messageOf, RecorderError } from "../errors.ts";

/**
 * Says that this process, and no other, works at the jobs of a data directory. The kernel holds the lock for us (SQLite's
 * lock on a file of its own), so it ends with the process however that ends, and a container's process ids do not matter.
 */
export class JournalLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Throws `E-JOBS-RUNNING` when another runner has it, `E-JOBS` when the file cannot be had. */
  static take(directory: string): JournalLock {
    const path = join(directory, "jobs.lock");
    let database: Database.Database | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      database.exec("BEGIN EXCLUSIVE");
      return new JournalLock(database);
    } catch (error) {
      database?.close();
      if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) {
        throw new RecorderError(
          "E-JOBS-RUNNING",
          `Another process works at the jobs in ${directory}.`,
          "Stop it, leave `jobs` out of ROLES here, or set REDIS_URL for both.",
          { cause: error },
        );
      }
      throw new RecorderError(
        "E-JOBS",
        `${path} cannot be locked: ${messageOf(error)}.`,
        "Check the folder's permissions and the free space.",
        { cause: error },
      );
    }
  }

  release(): void {
    this.#database.close();
  }
}
