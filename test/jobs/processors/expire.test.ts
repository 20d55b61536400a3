import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { EVERY_RECORDING, PermanentFailure } from "../../../src/jobs/job-runner.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import { DAY_MS, RETENTION_DAYS, Workshop } from "./workshop.ts";

const options = { timeout: 180_000 };
const sounds = [{ name: "Zoë", dbfs: "silence" }] as const;
const long = () => ({ startedAtMs: Date.now() - (RETENTION_DAYS + 1) * DAY_MS });
const all = { recordingId: EVERY_RECORDING };

async function isThere(workshop: Workshop, { id }: Manifest): Promise<{ folder: boolean; row: boolean }> {
  const folder = fs.existsSync(workshop.storage.directory(id));
  return { folder, row: (await workshop.catalog.find(id)) !== undefined };
}

const WHOLE = { folder: true, row: true };
const NOTHING = { folder: false, row: false };

/** A sweep, and the jobs that it made. */
async function sweepAll(workshop: Workshop): Promise<string[]> {
  const { expire } = workshop.processors();
  workshop.enqueued.length = 0;
  await expire(all, workshop.context());
  const ids = workshop.enqueued.map(({ name, data }) => {
    assert.equal(name, "expire");
    return data.recordingId;
  });
  for (const recordingId of ids)
    await expire({ recordingId }, workshop.context()).catch((error: unknown) => {
      assert.equal((error as Error).name, "PermanentFailure");
    });
  return ids;
}

test("a recording past its time is deleted whole, a younger one stays", options, async () => {
  await using workshop = await Workshop.open();
  const old = await workshop.add(sounds, long());
  const failed = await workshop.add(sounds, { ...long(), state: "failed" });
  const young = await workshop.add(sounds, { startedAtMs: Date.now() - (RETENTION_DAYS - 1) * DAY_MS });
  assert.deepEqual((await sweepAll(workshop)).sort(), [old.id, failed.id].sort());
  assert.deepEqual(await isThere(workshop, old), NOTHING);
  assert.deepEqual(await isThere(workshop, failed), NOTHING);
  assert.deepEqual(await isThere(workshop, young), WHOLE);
  assert.deepEqual(fs.readdirSync(workshop.storage.recordingsDirectory), [young.id]);
  assert.deepEqual(await sweepAll(workshop), [], "nothing is left to do");
});

test("a recording that is not over is never deleted, not even when asked for by name", options, async () => {
  await using workshop = await Workshop.open();
  const states = ["connecting", "recording", "reconnecting", "finishing"] as const;
  for (const state of states) {
    const running = await workshop.add(sounds, { ...long(), state });
    assert.deepEqual(await sweepAll(workshop), []);
    await workshop.processors().expire({ recordingId: running.id }, workshop.context());
    assert.deepEqual(await isThere(workshop, running), WHOLE, state);
    // The catalog was lost: the folder speaks for itself.
    await workshop.catalog.remove(running.id);
    assert.deepEqual(await sweepAll(workshop), []);
    await workshop.processors().expire({ recordingId: running.id }, workshop.context());
    assert.equal(fs.existsSync(workshop.storage.directory(running.id)), true, state);
  }
});

test("a job that comes too early deletes nothing", options, async () => {
  await using workshop = await Workshop.open();
  const young = await workshop.add(sounds);
  await workshop.processors().expire({ recordingId: young.id }, workshop.context());
  assert.deepEqual(await isThere(workshop, young), WHOLE);
});

test("a recording whose process died is deleted in its time", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(sounds, { ...long(), state: "recording" });
  await workshop.catalog.upsert({ ...manifest, state: "failed" });
  await sweepAll(workshop);
  assert.deepEqual(await isThere(workshop, manifest), NOTHING);
});

test("a recording with a corrupt manifest, or none, is reported and kept", options, async () => {
  await using workshop = await Workshop.open();
  for (const spoil of [
    (file: string) => fs.writeFileSync(file, '{"version":1,'),
    (file: string) => fs.rmSync(file),
  ]) {
    const manifest = await workshop.add(sounds, long());
    spoil(path.join(workshop.storage.directory(manifest.id), "recording.json"));
    const work = workshop.processors().expire({ recordingId: manifest.id }, workshop.context());
    await assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof PermanentFailure);
      return (error.cause as { code?: string }).code === "E-MANIFEST";
    });
    assert.deepEqual(await isThere(workshop, manifest), WHOLE);
    assert.ok(fs.existsSync(workshop.trackPath(manifest)));
    // Without a row it is the sweep that finds it.
    await workshop.catalog.remove(manifest.id);
    workshop.lines.length = 0;
    assert.deepEqual(await sweepAll(workshop), []);
    assert.match(workshop.logged, /a recording cannot be judged and is kept/);
    assert.match(workshop.logged, /E-MANIFEST/);
  }
});

test("a deletion that was cut off anywhere is gone on with by the next sweep", options, async () => {
  await using workshop = await Workshop.open();
  const { recordingsDirectory } = workshop.storage;
  const cuts: readonly ((manifest: Manifest) => void | Promise<void>)[] = [
    // The folder has its other name.
    ({ id }) =>
      fs.renameSync(workshop.storage.directory(id), path.join(recordingsDirectory, `.deleted-${id}`)),
    // And half of it is gone, the manifest first.
    ({ id }) => {
      const deleted = path.join(recordingsDirectory, `.deleted-${id}`);
      fs.renameSync(workshop.storage.directory(id), deleted);
      fs.rmSync(path.join(deleted, "recording.json"));
    },
    // The folder is gone, the row is not.
    ({ id }) => fs.rmSync(workshop.storage.directory(id), { recursive: true }),
    // The catalog was lost in the middle.
    async ({ id }) => {
      fs.renameSync(workshop.storage.directory(id), path.join(recordingsDirectory, `.deleted-${id}`));
      await workshop.catalog.remove(id);
    },
  ];
  for (const cut of cuts) {
    const manifest = await workshop.add(sounds, long());
    await cut(manifest);
    assert.deepEqual(await sweepAll(workshop), [manifest.id]);
    assert.deepEqual(await isThere(workshop, manifest), NOTHING);
    assert.deepEqual(fs.readdirSync(recordingsDirectory), []);
  }
});

test("a recording that the catalog does not know is deleted by the date of its folder", options, async () => {
  await using workshop = await Workshop.open();
  const old = await workshop.add(sounds, long());
  const young = await workshop.add(sounds);
  await workshop.catalog.remove(old.id);
  await workshop.catalog.remove(young.id);
  assert.deepEqual(await sweepAll(workshop), [old.id]);
  assert.deepEqual(fs.readdirSync(workshop.storage.recordingsDirectory), [young.id]);
});

test("a deletion waits for the ZIP that is being made, and the ZIP does not come back", options, async () => {
  await using workshop = await Workshop.open();
  const old = await workshop.add(sounds, long());
  const { archive, expire } = workshop.processors({ ffmpeg: "/nowhere" });
  const data = { recordingId: old.id };
  await Promise.all([
    archive(data, workshop.context()),
    expire(data, workshop.context()),
    archive(data, workshop.context()),
  ]);
  assert.deepEqual(await isThere(workshop, old), NOTHING);
});
