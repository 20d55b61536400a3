import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * Tables of the catalog, and how they came to be. Times are integers, milliseconds since the Unix epoch. A migration is
 * never edited once released: add the next one.
 */

export type RecordingsTable = {
  id: string;
  guild_id: string;
  guild_name: string;
  channel_id: string;
  channel_name: string;
  started_by_id: string;
  started_by_name: string;
  title: string;
  state: string;
  channels: number;
  started_at_ms: number | null;
  ended_at_ms: number | null;
  length_samples: number | null;
  /** `ConnectionCounts` as JSON: shown, never searched. */
  connection: string | null;
  error_code: string | null;
  error_message: string | null;
  /** Reader and loudness of the check after the recording, as JSON. */
  checked: string | null;
  /** What the manifest says beside all this, such as interruptions, as JSON: shown, never searched. */
  more: string | null;
  updated_at_ms: number;
};

export type TracksTable = {
  recording_id: string;
  track: number;
  user_id: string;
  name: string;
  file: string | null;
  samples: number | null;
  written_samples: number | null;
  size_bytes: number | null;
  peak: number | null;
  /** `TrackCounts` as JSON: shown, never searched. */
  counts: string | null;
  /** `Loudness` as JSON: shown, never searched. */
  loudness: string | null;
  problem: string | null;
  /** `Gap`s as JSON: shown, never searched. */
  gaps: string | null;
};

/** The embedded job runner's journal; `jobs/` alone reads and writes it. */
export type JobsTable = {
  id: string;
  name: string;
  /** JSON. */
  data: string;
  state: "waiting" | "active" | "done" | "failed" | "cancelled";
  due_at_ms: number;
  /** Null: runs once. */
  every_ms: number | null;
  attempts: number;
  /** How often it was begun, how often of these it failed, and how often its process ended in the middle. */
  begun: number;
  failures: number;
  interruptions: number;
  /** 0 to 1. */
  progress: number;
  /** 0 or 1. */
  cancel_requested: number;
  /** `ErrorData` as JSON. */
  error: string | null;
  ended_at_ms: number | null;
};

export type CatalogTables = { recordings: RecordingsTable; tracks: TracksTable; jobs: JobsTable };

/** In order of their names. */
export const migrations: Readonly<Record<string, Migration>> = {
  "001-recordings-and-tracks": {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("recordings")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("guild_id", "text", (column) => column.notNull())
        .addColumn("guild_name", "text", (column) => column.notNull())
        .addColumn("channel_id", "text", (column) => column.notNull())
        .addColumn("channel_name", "text", (column) => column.notNull())
        .addColumn("started_by_id", "text", (column) => column.notNull())
        .addColumn("started_by_name", "text", (column) => column.notNull())
        .addColumn("title", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("channels", "integer", (column) => column.notNull())
        .addColumn("started_at_ms", "bigint")
        .addColumn("ended_at_ms", "bigint")
        .addColumn("length_samples", "bigint")
        .addColumn("connection", "text")
        .addColumn("error_code", "text")
        .addColumn("error_message", "text")
        .addColumn("updated_at_ms", "bigint", (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("recordings_by_guild")
        .on("recordings")
        .columns(["guild_id", "started_at_ms"])
        .execute();
      await db.schema.createIndex("recordings_by_state").on("recordings").column("state").execute();
      await db.schema
        .createTable("tracks")
        .addColumn("recording_id", "text", (column) =>
          column.notNull().references("recordings.id").onDelete("cascade"),
        )
        .addColumn("track", "integer", (column) => column.notNull())
        .addColumn("user_id", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("file", "text")
        .addColumn("samples", "bigint")
        .addColumn("written_samples", "bigint")
        .addColumn("size_bytes", "bigint")
        .addColumn("peak", "integer")
        .addColumn("counts", "text")
        .addPrimaryKeyConstraint("tracks_key", ["recording_id", "track"])
        .execute();
      await db.schema.createIndex("tracks_by_user").on("tracks").column("user_id").execute();
    },
  },
  "002-jobs": {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("jobs")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("data", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("due_at_ms", "bigint", (column) => column.notNull())
        .addColumn("every_ms", "bigint")
        .addColumn("attempts", "integer", (column) => column.notNull())
        .addColumn("begun", "integer", (column) => column.notNull())
        .addColumn("failures", "integer", (column) => column.notNull())
        .addColumn("interruptions", "integer", (column) => column.notNull())
        .addColumn("progress", "real", (column) => column.notNull())
        .addColumn("cancel_requested", "integer", (column) => column.notNull())
        .addColumn("error", "text")
        .addColumn("ended_at_ms", "bigint")
        .execute();
      await db.schema.createIndex("jobs_by_due").on("jobs").columns(["state", "due_at_ms"]).execute();
      await db.schema.createIndex("jobs_by_end").on("jobs").column("ended_at_ms").execute();
    },
  },
  "003-checked-tracks": {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("recordings").addColumn("checked", "text").execute();
      await db.schema.alterTable("tracks").addColumn("loudness", "text").execute();
      await db.schema.alterTable("tracks").addColumn("problem", "text").execute();
    },
  },
  "004-more-facts": {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("recordings").addColumn("more", "text").execute();
    },
  },
  "005-gaps": {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("tracks").addColumn("gaps", "text").execute();
    },
  },
};
