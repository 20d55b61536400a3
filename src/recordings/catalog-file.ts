import { existsSync, renameSync } from "node:fs";
import Database from "better-sqlite3";
import { RecorderError } from "../errors.ts";

/** The catalog as a file of SQLite: opened only when it is sound, moved aside when it is not. */

/** What belongs to one database. */
const PARTS = ["", "-wal", "-shm"];
/** How long another process may hold the database. */
const BUSY_MS = 5_000;

/**
 * Opens or makes the database and reads through it (`PRAGMA quick_check`, some 10 ms for each MB). Throws
 * `E-CATALOG-DAMAGED` where it is no database or not a whole one, and what SQLite says of anything else.
 */
export function openSound(path: string): Database.Database {
  const database = new Database(path, { timeout: BUSY_MS });
  try {
    database.pragma("journal_mode = WAL");
    const found = String(database.pragma("quick_check(1)", { simple: true }));
    if (found !== "ok") throw damaged(path, found);
    return database;
  } catch (error) {
    database.close();
    throw isDamage(error) ? damaged(path, error.message, error) : error;
  }
}

/** What is wrong with the file, which is only read; undefined where it is sound. Throws what SQLite says of anything else. */
export function damageOf(path: string): string | undefined {
  const database = new Database(path, { readonly: true, timeout: BUSY_MS });
  try {
    const found = String(database.pragma("quick_check(1)", { simple: true }));
    return found === "ok" ? undefined : found;
  } catch (error) {
    if (isDamage(error)) return error.message;
    throw error;
  } finally {
    database.close();
  }
}

/** Gives a damaged catalog and what belongs to it another name, with the date; says which. Nothing is deleted. */
export function moveAside(path: string, nowMs: number): string {
  const date = new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "-");
  let aside = `${path}.damaged-${date}`;
  for (let number = 2; existsSync(aside); number += 1) aside = `${path}.damaged-${date}-${number}`;
  for (const part of PARTS) if (existsSync(path + part)) renameSync(path + part, aside + part);
  return aside;
}

function isDamage(error: unknown): error is Error {
  return (
    error instanceof Database.SqliteError &&
    (error.code === "SQLITE_NOTADB" || error.code.startsWith("SQLITE_CORRUPT"))
  );
}

function damaged(path: string, found: string, cause?: unknown): RecorderError {
  return new RecorderError(
    "E-CATALOG-DAMAGED",
    `The catalog ${path} is damaged: ${found}.`,
    "Start the bot, or run `npm run doctor -- --repair`: it is moved aside and made anew from the recordings' folders.",
    { cause },
  );
}
