import { sql } from "kysely";
import type { Insertable, Kysely } from "kysely";
import type { ErrorData } from "../errors.ts";
import type { CatalogTables, JobsTable } from "../recordings/catalog-schema.ts";
import { MAX_INTERRUPTIONS } from "./back-off.ts";
import { interrupted, parseErrorData } from "./job-errors.ts";
import type { JobState } from "./job-runner.ts";

export type JobRow = Readonly<JobsTable>;

const ENDED = ["done", "failed", "cancelled"] as const;

/** What a running job becomes that shall run again, unless it was cancelled meanwhile. */
const waitingAgain = (nowMs: number) => ({
  state: sql<JobsTable["state"]>`case cancel_requested when 1 then 'cancelled' else 'waiting' end`,
  ended_at_ms: sql<number | null>`case cancel_requested when 1 then ${nowMs} end`,
  progress: 0,
});

/**
 * Lives on the main thread. The embedded runner's jobs, a table of the catalog's file. Each method is one statement, so
 * that several processes may use the journal at once and a crash leaves no half step. A statement takes about 0.1 ms.
 */
export class Journal {
  readonly #db: Kysely<CatalogTables>;

  constructor(db: Kysely<CatalogTables>) {
    this.#db = db;
  }

  /** Writes a job down unless its id is known; `again` also takes one that has ended. */
  async add(
    job: {
      readonly id: string;
      readonly name: string;
      readonly data: unknown;
      readonly dueAtMs: number;
      readonly everyMs: number | null;
      readonly attempts: number;
    },
    again: boolean,
  ): Promise<void> {
    const row: Insertable<JobsTable> = {
      id: job.id,
      name: job.name,
      data: JSON.stringify(job.data),
      state: "waiting",
      due_at_ms: job.dueAtMs,
      every_ms: job.everyMs,
      attempts: job.attempts,
      begun: 0,
      failures: 0,
      interruptions: 0,
      progress: 0,
      cancel_requested: 0,
      error: null,
      ended_at_ms: null,
    };
    const { id: _id, ...changes } = row;
    await this.#db
      .insertInto("jobs")
      .values(row)
      .onConflict((conflict) =>
        again
          ? conflict.column("id").doUpdateSet(changes).where("jobs.state", "in", ENDED)
          : conflict.column("id").doNothing(),
      )
      .execute();
  }

  /** A schedule that is known and has not ended takes the new interval, and is due no later than that. */
  async changeInterval(id: string, everyMs: number, dueAtMs: number): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({ every_ms: everyMs, due_at_ms: sql<number>`min(due_at_ms, ${dueAtMs})` })
      .where("id", "=", id)
      .where("state", "in", ["waiting", "active"])
      .execute();
  }

  /** Begins the job that has been due longest. */
  async claim(nowMs: number): Promise<JobRow | undefined> {
    return this.#db
      .updateTable("jobs")
      .set((row) => ({ state: "active", begun: row("begun", "+", 1), progress: 0 }))
      .where("id", "=", (query) =>
        query
          .selectFrom("jobs")
          .select("id")
          .where("state", "=", "waiting")
          .where("due_at_ms", "<=", nowMs)
          .orderBy("due_at_ms")
          .orderBy(sql`rowid`)
          .limit(1),
      )
      .returningAll()
      .executeTakeFirst();
  }

  /** When the next waiting job is due. */
  async nextDueAtMs(): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom("jobs")
      .select("due_at_ms")
      .where("state", "=", "waiting")
      .orderBy("due_at_ms")
      .limit(1)
      .executeTakeFirst();
    return row?.due_at_ms;
  }

  /** Notes how far a running job is; answers whether somebody wants it cancelled. */
  async tick(id: string, progress: number): Promise<boolean> {
    const row = await this.#db
      .updateTable("jobs")
      .set({ progress })
      .where("id", "=", id)
      .where("state", "=", "active")
      .returning("cancel_requested")
      .executeTakeFirst();
    return row?.cancel_requested === 1;
  }

  /** Cancels a waiting job, marks a running one; answers which it was. */
  async cancel(id: string, nowMs: number): Promise<"cancelled" | "active" | undefined> {
    const row = await this.#db
      .updateTable("jobs")
      .set({
        cancel_requested: 1,
        ended_at_ms: sql<number | null>`case state when 'waiting' then ${nowMs} end`,
        state: sql<JobsTable["state"]>`case state when 'waiting' then 'cancelled' else state end`,
      })
      .where("id", "=", id)
      .where("state", "in", ["waiting", "active"])
      .returning("state")
      .executeTakeFirst();
    return row?.state === "cancelled" || row?.state === "active" ? row.state : undefined;
  }

  /** A running job waits again. */
  async putBack(
    id: string,
    changes: {
      readonly nowMs: number;
      readonly pauseMs: number;
      readonly failures: number;
      readonly error?: ErrorData;
    },
  ): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({
        ...waitingAgain(changes.nowMs),
        due_at_ms: changes.nowMs + changes.pauseMs,
        failures: changes.failures,
        error: changes.error === undefined ? null : JSON.stringify(changes.error),
      })
      .where("id", "=", id)
      .where("state", "=", "active")
      .execute();
  }

  /** A scheduled job has ended, and waits for its next turn. */
  async nextTurn(id: string, nowMs: number): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set((row) => ({
        ...waitingAgain(nowMs),
        due_at_ms: sql<number>`${nowMs} + ${row.ref("every_ms")}`,
        failures: 0,
        interruptions: 0,
      }))
      .where("id", "=", id)
      .where("state", "=", "active")
      .execute();
  }

  /** A running job is over. */
  async end(id: string, state: (typeof ENDED)[number], nowMs: number, error?: ErrorData): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({ state, ended_at_ms: nowMs, error: error === undefined ? null : JSON.stringify(error) })
      .where("id", "=", id)
      .where("state", "=", "active")
      .execute();
  }

  /**
   * What a process that died was working at is to be begun anew, unless it was cancelled or dies of it every time; a
   * scheduled job then waits for its next turn.
   */
  async recover(nowMs: number): Promise<{ readonly repeated: number; readonly failed: readonly string[] }> {
    const ended = await this.#db
      .updateTable("jobs")
      .set({
        state: sql<JobsTable["state"]>`case cancel_requested when 1 then 'cancelled' else 'failed' end`,
        error: sql<string | null>`case cancel_requested when 0 then ${JSON.stringify(interrupted())} end`,
        ended_at_ms: nowMs,
      })
      .where("state", "=", "active")
      .where((row) =>
        row.or([
          row("cancel_requested", "=", 1),
          row.and([row("interruptions", ">=", MAX_INTERRUPTIONS), row("every_ms", "is", null)]),
        ]),
      )
      .returning(["id", "state"])
      .execute();
    const repeated = await this.#db
      .updateTable("jobs")
      .set((row) => ({
        state: "waiting",
        due_at_ms: sql<number>`${nowMs} + case when interruptions >= ${MAX_INTERRUPTIONS} then every_ms else 0 end`,
        interruptions: row("interruptions", "+", 1),
        progress: 0,
      }))
      .where("state", "=", "active")
      .executeTakeFirst();
    const failed = ended.filter(({ state }) => state === "failed").map(({ id }) => id);
    return { repeated: Number(repeated.numUpdatedRows), failed };
  }

  /** Forgets all ended jobs but the latest `keep`. */
  async prune(keep: number): Promise<void> {
    await this.#db
      .deleteFrom("jobs")
      .where("id", "in", (query) =>
        query
          .selectFrom("jobs")
          .select("id")
          .where("ended_at_ms", "is not", null)
          .orderBy("ended_at_ms", "desc")
          .limit(-1)
          .offset(keep),
      )
      .execute();
  }

  async state(id: string): Promise<JobState | undefined> {
    const row = await this.#db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.state === "waiting") return { kind: "waiting", attempt: row.begun };
    if (row.state === "active") return { kind: "active", attempt: row.begun, progress: row.progress };
    const endedAtMs = row.ended_at_ms ?? 0;
    if (row.state === "failed") return { kind: "failed", endedAtMs, error: parseErrorData(row.error ?? "") };
    return { kind: row.state, endedAtMs };
  }
}
