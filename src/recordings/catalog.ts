import { join } from "node:path";
import type Database from "better-sqlite3";
import { Kysely, sql, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { messageOf, RecorderError } from "../errors.ts";
import { moveAside, openSound } from "./catalog-file.ts";
import { toManifest, toRows } from "./catalog-rows.ts";
import { migrations } from "./catalog-schema.ts";
import type { CatalogTables, RecordingsTable } from "./catalog-schema.ts";
import { FileLock } from "./file-lock.ts";
import type { Manifest } from "./manifest.ts";

/** The states in which a recording still has an owner in a running process. */
const UNFINISHED = ["connecting", "recording", "reconnecting", "finishing"];

/** How long another process may hold the database before a query fails. */
const BUSY_MS = 5_000;

/**
 * Lives on the main thread. The index of all recordings, for search, pages and retention. What it says of one recording
 * is a copy of its manifest: a lost catalog loses no recording. SQLite answers on the calling thread, below a millisecond
 * for one recording.
 */
export class Catalog {
  /** Where the file is. */
  readonly directory: string;
  /** The damaged file in whose place this one was made, if there was one. */
  readonly replaced: string | undefined;
  readonly #db: Kysely<CatalogTables>;
  #closing: Promise<void> | undefined;

  private constructor(directory: string, db: Kysely<CatalogTables>, replaced: string | undefined) {
    this.directory = directory;
    this.replaced = replaced;
    this.#db = db;
  }

  /**
   * For rooms with tables of their own in this file. One connection for the whole process: a second one would block this
   * thread against the first, since SQLite waits for locks on the calling thread.
   */
  get database(): Kysely<CatalogTables> {
    return this.#db;
  }

  /**
   * Opens or makes `catalog.sqlite` and brings its tables up to date. A damaged one is moved aside for an empty one where
   * `damage` is "replace": for the process that then tells it of the folders. Rejects with `E-CATALOG` or
   * `E-CATALOG-DAMAGED`.
   */
  static async open(
    dataDirectory: string,
    options: { readonly damage?: "refuse" | "replace" } = {},
  ): Promise<Catalog> {
    const path = join(dataDirectory, "catalog.sqlite");
    let database: Database.Database | undefined;
    let replaced: string | undefined;
    try {
      // Of several processes that start at once on a new folder one makes the tables; SQLite alone does not arrange that.
      using _lock = await FileLock.wait(join(dataDirectory, "catalog.lock"), BUSY_MS);
      try {
        database = openSound(path);
      } catch (error) {
        if (options.damage !== "replace" || !isDamaged(error)) throw error;
        replaced = moveAside(path, Date.now());
        database = openSound(path);
      }
      // With WAL this can lose the last instants after a power cut, never the database; the manifests have them.
      database.pragma("synchronous = NORMAL");
      database.pragma("foreign_keys = ON");
      const db = new Kysely<CatalogTables>({ dialect: new SqliteDialect({ database }) });
      const provider = { getMigrations: () => Promise.resolve(migrations) };
      const { error } = await new Migrator({ db, provider }).migrateToLatest();
      if (error !== undefined)
        throw new Error(`its tables cannot be made: ${messageOf(error)}`, { cause: error });
      return new Catalog(dataDirectory, db, replaced);
    } catch (error) {
      database?.close();
      if (isDamaged(error)) throw error;
      throw new RecorderError(
        "E-CATALOG",
        `The catalog ${path} cannot be opened: ${messageOf(error)}.`,
        "Check the folder's permissions and the free space; the recordings themselves are not in that file.",
        { cause: error },
      );
    }
  }

  /** Makes the catalog say of a recording what its manifest says. */
  async upsert(manifest: Manifest): Promise<void> {
    const { recording, tracks } = toRows(manifest, Date.now());
    await this.#db.transaction().execute(async (transaction) => {
      const { id: _id, ...changes } = recording;
      await transaction
        .insertInto("recordings")
        .values(recording)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(changes))
        .execute();
      await transaction.deleteFrom("tracks").where("recording_id", "=", manifest.id).execute();
      if (tracks.length > 0)
        await transaction
          .insertInto("tracks")
          .values([...tracks])
          .execute();
    });
  }

  async find(id: string): Promise<Manifest | undefined> {
    const recording = await this.#db
      .selectFrom("recordings")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return recording === undefined ? undefined : (await this.#withTracks([recording]))[0];
  }

  /** The guild's recordings, newest first. */
  async listByGuild(guildId: string, limit = 25): Promise<readonly Manifest[]> {
    const recordings = await this.#db
      .selectFrom("recordings")
      .selectAll()
      .where("guild_id", "=", guildId)
      .orderBy("started_at_ms", "desc")
      .orderBy("id")
      .limit(limit)
      .execute();
    return this.#withTracks(recordings);
  }

  /** Ids of the recordings that some process has begun and not ended; oldest first. */
  async listUnfinished(): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom("recordings")
      .select("id")
      .where("state", "in", UNFINISHED)
      .orderBy("started_at_ms")
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Ids of the recordings that are over and began (or else ended, or were last heard of) before that; oldest first. */
  async listOverBefore(atMs: number): Promise<readonly string[]> {
    const begun = sql<number>`coalesce(started_at_ms, ended_at_ms, updated_at_ms)`;
    const rows = await this.#db
      .selectFrom("recordings")
      .select("id")
      .where("state", "not in", UNFINISHED)
      .where(begun, "<", atMs)
      .orderBy(begun)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Whether a recording has a row, whatever it says. */
  async knows(id: string): Promise<boolean> {
    const row = await this.#db.selectFrom("recordings").select("id").where("id", "=", id).executeTakeFirst();
    return row !== undefined;
  }

  /** A recording of which nothing is left but its row, whatever that says otherwise: it is over. No row, no change. */
  async fail(id: string, error: NonNullable<Manifest["error"]>): Promise<void> {
    const changes = { state: "failed", error_code: error.code, error_message: error.message };
    await this.#db.updateTable("recordings").set(changes).where("id", "=", id).execute();
    // There is nothing to download.
    await this.#db.updateTable("tracks").set({ file: null }).where("recording_id", "=", id).execute();
  }

  /** Forgets a recording; its files are not touched. */
  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("recordings").where("id", "=", id).execute();
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#db.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #withTracks(recordings: readonly RecordingsTable[]): Promise<Manifest[]> {
    if (recordings.length === 0) return [];
    const ids = recordings.map((recording) => recording.id);
    const tracks = await this.#db
      .selectFrom("tracks")
      .selectAll()
      .where("recording_id", "in", ids)
      .orderBy("track")
      .execute();
    const byRecording = Map.groupBy(tracks, (track) => track.recording_id);
    return recordings.map((recording) =>
      toManifest({ recording, tracks: byRecording.get(recording.id) ?? [] }),
    );
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof RecorderError && error.code === "E-CATALOG-DAMAGED";
}
