import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pino from "pino";
import { EmbeddedRunner } from "../../src/jobs/embedded-runner.ts";
import { Journal } from "../../src/jobs/journal.ts";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { eventually, sleep } from "../support/wait.ts";
import { contract } from "./contract.ts";
import { never, processors, reaches } from "./contract/place.ts";
import type { Place } from "./contract/place.ts";
import { kill, killInTheMiddle, spawnRunner } from "./kill.ts";

const log = createLog("silent", "test");
const options = { timeout: 180_000 };

/** A data directory with a catalog, as one process has it. */
async function open(): Promise<Place & { readonly directory: string; readonly catalog: Catalog }> {
  const directory = mkdtempSync(join(tmpdir(), "jobs-"));
  const catalog = await Catalog.open(directory);
  return {
    directory,
    catalog,
    start: ({ concurrency = 4, crashing = never, ...rest }) =>
      EmbeddedRunner.start({ catalog, concurrency, crashing, log, backOffMs: 20, ...rest }),
    [Symbol.asyncDispose]: async () => {
      await catalog.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

contract("embedded", open);

test(
  "embedded: a job whose process is killed in the middle runs again, to the same bytes",
  options,
  async () => {
    await using place = await open();
    await using client = await place.start({ processors: undefined });
    await killInTheMiddle(client, place.directory);
  },
);

test("embedded: one process alone works at the jobs of a data directory", options, async () => {
  await using place = await open();
  const runner = await place.start({ processors: processors({}) });
  await assert.rejects(place.start({ processors: processors({}) }), { code: "E-JOBS-RUNNING" });
  await runner.close();
  const child = spawnRunner(place.directory);
  try {
    await eventually("the other process has them", async () => {
      try {
        const mine = await place.start({ processors: processors({}) });
        await mine.close();
        await sleep(50);
        return false;
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "E-JOBS-RUNNING";
      }
    });
  } finally {
    await kill(child);
  }
  await using again = await place.start({ processors: processors({}) });
  assert.ok(again);
});

test("embedded: a job whose process ends in the middle every time is given up", options, async () => {
  await using place = await open();
  await using client = await place.start({ processors: undefined });
  const id = await client.enqueue("finish", { recordingId: "r1" });
  await client.schedule("expire", 60_000);
  // As a killed process leaves it.
  const jobs = place.catalog.database.updateTable("jobs").set({ state: "active" });
  for (let begins = 0; begins < 5; begins += 1) {
    await jobs.execute();
    await new Journal(place.catalog.database).recover(Date.now());
    assert.equal((await client.state(id))?.kind, "waiting");
  }
  await jobs.execute();
  const told: unknown[] = [];
  const telling = pino({ level: "error" }, { write: (line: string) => void told.push(JSON.parse(line)) });
  await using _runner = await EmbeddedRunner.start({
    catalog: place.catalog,
    processors: processors({}),
    concurrency: 1,
    crashing: never,
    log: telling,
  });
  const state = await reaches(client, id, "failed");
  assert.equal(state.error.code, "E-JOB-INTERRUPTED");
  assert.partialDeepStrictEqual(told, [{ job: id, code: "E-JOB-INTERRUPTED", msg: "a job failed" }]);
  assert.equal((await client.state("expire-scheduled"))?.kind, "waiting", "a schedule never ends like that");
  const schedule = place.catalog.database
    .selectFrom("jobs")
    .select("due_at_ms")
    .where("every_ms", "is not", null);
  const { due_at_ms: dueAtMs } = await schedule.executeTakeFirstOrThrow();
  assert.ok(dueAtMs > Date.now() + 30_000, "but then waits for its next turn");
});

test(
  "embedded: a running job that was cancelled as its process died does not run again",
  options,
  async () => {
    await using place = await open();
    await using client = await place.start({ processors: undefined });
    const id = await client.enqueue("finish", { recordingId: "r1" });
    await place.catalog.database.updateTable("jobs").set({ state: "active" }).execute();
    assert.equal(await client.cancel(id), true);
    await using runner = await place.start({ processors: processors({}) });
    assert.equal((await runner.state(id))?.kind, "cancelled");
  },
);

test("embedded: the history of ended jobs is bounded", options, async () => {
  await using place = await open();
  const { catalog } = place;
  const finish = () => Promise.resolve();
  await using runner = await EmbeddedRunner.start({
    catalog,
    processors: processors({ finish }),
    concurrency: 1,
    crashing: never,
    log,
    historyJobs: 10,
  });
  for (let job = 0; job < 30; job += 1) await runner.enqueue("finish", { recordingId: `r${job}` });
  await reaches(runner, "finish-r29", "done");
  await eventually("ten are left", async () => {
    const rows = await catalog.database.selectFrom("jobs").select("id").execute();
    return rows.length === 10;
  });
});

test("embedded: a damaged row of the journal fails alone", options, async () => {
  await using place = await open();
  await using client = await place.start({ processors: undefined });
  for (const recordingId of ["r1", "r2", "r3"]) await client.enqueue("finish", { recordingId });
  const table = place.catalog.database.updateTable("jobs");
  await table.set({ data: "{" }).where("id", "=", "finish-r1").execute();
  await table.set({ name: "bake" }).where("id", "=", "finish-r2").execute();
  await using runner = await place.start({ processors: processors({ finish: () => Promise.resolve() }) });
  await reaches(runner, "finish-r3", "done");
  await reaches(runner, "finish-r1", "failed");
  const { error } = await reaches(runner, "finish-r2", "failed");
  assert.match(error.detail, /no processor for bake/);
});
