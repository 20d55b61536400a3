import { join } from "node:path";
import Database from "better-sqlite3";
import { messageOf, RecorderError } from "../errors.ts";

/**
 * Lets one bot at a time record into a `DATA_DIR`: two would take each other's running recordings for interrupted ones.
 * SQLite's exclusive lock on an otherwise empty database is a lock of the kernel: it ends with the process that holds it,
 * however that dies, and holds between containers that share a volume on one machine. A file with a process id in it
 * would do neither. Costs one open file.
 */
export class InstanceLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Takes the lock at once or not at all. Throws `E-DATA-DIR-IN-USE`; `E-DATA-DIR` where the file cannot be used. */
  static acquire(dataDirectory: string): InstanceLock {
    const path = join(dataDirectory, "bot.lock");
    let database: Database.Database | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      // Never committed: nothing is ever written, and no journal is left behind.
      database.exec("BEGIN EXCLUSIVE");
      return new InstanceLock(database);
    } catch (error) {
      database?.close();
      if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY"))
        throw new RecorderError(
          "E-DATA-DIR-IN-USE",
          `Another bot is already recording into ${dataDirectory}.`,
          "Stop it first, or give this one a DATA_DIR of its own; ROLES=web and ROLES=jobs may share it.",
        );
      throw new RecorderError(
        "E-DATA-DIR",
        `The lock ${path} cannot be taken: ${messageOf(error)}.`,
        "Let DATA_DIR name a folder on a disk of this machine that the recorder may write to.",
        { cause: error },
      );
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
