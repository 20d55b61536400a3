import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";

const RETRY_MS = 20;

/**
 * A lock between the processes of one machine: SQLite's exclusive lock on an otherwise empty database, which is a lock of
 * the kernel. It ends with the process that holds it, however that dies, and holds between containers that share a
 * volume; a file with a process id in it would do neither. Costs one open file, and nothing is ever written.
 */
export class FileLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Takes it at once or gives undefined. Throws where the file cannot be used. */
  static take(path: string): FileLock | undefined {
    let database: Database.Database | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      // Never committed: no page is written and no journal made.
      database.exec("BEGIN EXCLUSIVE");
      return new FileLock(database);
    } catch (error) {
      database?.close();
      if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) return undefined;
      throw error;
    }
  }

  /** Waits for it. Rejects where the file cannot be used or the lock is not free in that time. */
  static async wait(path: string, timeoutMs: number): Promise<FileLock> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const lock = FileLock.take(path);
      if (lock !== undefined) return lock;
      if (performance.now() > deadline) throw new Error(`${path} is locked by another process`);
      await sleep(RETRY_MS);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
