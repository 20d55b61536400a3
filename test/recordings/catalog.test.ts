import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { markInterrupted } from "../../src/recordings/interrupted.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { HEARD } from "./stages/quiet-capture.ts";

const options = { timeout: 20_000 };

/** A folder that goes away at the end of the test. */
function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "catalog-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const GAP = { reason: "network", fromSamples: 960, toSamples: 2_880, missingSamples: 1_920 } as const;

function sample(changes: Partial<Manifest> = {}): Manifest {
  return {
    version: 1,
    id: newRecordingId(),
    state: "finished",
    title: "Weekly; DROP TABLE recordings;--",
    guild: { id: "1", name: "Guild" },
    channel: { id: "2", name: "General" },
    startedBy: { id: "3", name: "Zoë" },
    channels: 2,
    sampleRate: 48_000,
    startedAtMs: 1_790_000_000_000,
    endedAtMs: 1_790_000_060_000,
    lengthSamples: 2_880_000,
    connection: { datagrams: 100, notMedia: 5, unattributed: 0 },
    tracks: [
      {
        track: 1,
        userId: "10",
        name: "Zoë",
        file: "01-Zoë.wav",
        samples: 2_880_000,
        counts: HEARD,
        gaps: [GAP],
      },
      { track: 2, userId: "11", name: "ひかり" },
    ],
    ...changes,
  };
}

test("the catalog gives back exactly the manifest it was told", options, async () => {
  using data = folder();
  await using catalog = await Catalog.open(data.path);
  const full = sample();
  const { startedAtMs: _s, endedAtMs: _e, lengthSamples: _l, connection: _c, ...bare } = sample();
  const failed = sample({ state: "failed", error: { code: "E-DISK", message: "The disk is full." } });
  const recovered = sample({
    interruptions: [{ cause: "connection", fromSamples: 10, toSamples: 20, reason: "4015" }],
    moves: [{ atSamples: 30, channel: { id: "9", name: "Elsewhere" } }],
    recovered: true,
    notice: { channelId: "2", messageId: "77" },
  });
  for (const manifest of [full, bare, failed, recovered]) {
    await catalog.upsert(manifest);
    assert.deepEqual(await catalog.find(manifest.id), manifest);
  }
});

test("telling it again replaces what it knew, tracks included", options, async () => {
  using data = folder();
  await using catalog = await Catalog.open(data.path);
  const before = sample({ state: "recording" });
  await catalog.upsert(before);
  const after = { ...before, state: "finished" as const, tracks: before.tracks.slice(0, 1) };
  await catalog.upsert(after);
  assert.deepEqual(await catalog.find(before.id), after);
});

test("what was told survives closing and opening again", options, async () => {
  using data = folder();
  const manifest = sample();
  {
    await using catalog = await Catalog.open(data.path);
    await catalog.upsert(manifest);
    await catalog.close();
  }
  await using catalog = await Catalog.open(data.path);
  assert.deepEqual(await catalog.find(manifest.id), manifest);
});

test("a guild's recordings are listed newest first, and only its own", options, async () => {
  using data = folder();
  await using catalog = await Catalog.open(data.path);
  const old = sample({ startedAtMs: 1_000 });
  const recent = sample({ startedAtMs: 2_000 });
  const foreign = sample({ guild: { id: "9", name: "Other" } });
  for (const manifest of [old, recent, foreign]) await catalog.upsert(manifest);
  assert.deepEqual(await catalog.listByGuild("1"), [recent, old]);
  assert.deepEqual(await catalog.listByGuild("1", 1), [recent]);
  assert.deepEqual(await catalog.listByGuild("404"), []);
});

test("unfinished recordings are told apart, and a removed one is gone with its tracks", options, async () => {
  using data = folder();
  await using catalog = await Catalog.open(data.path);
  const running = sample({ state: "reconnecting" });
  await catalog.upsert(sample());
  await catalog.upsert(running);
  assert.deepEqual(await catalog.listUnfinished(), [running.id]);
  await catalog.remove(running.id);
  assert.equal(await catalog.find(running.id), undefined);
  await catalog.upsert({ ...running, tracks: [] });
  assert.deepEqual((await catalog.find(running.id))?.tracks, []);
});

test(
  "a recording that a dead process left behind is marked, its files listed and untouched",
  options,
  async () => {
    using data = folder();
    await using catalog = await Catalog.open(data.path);
    const storage = new Storage(data.path);
    const left = sample({ state: "recording", tracks: [{ track: 1, userId: "10", name: "Zoë" }] });
    await catalog.upsert(left);
    mkdirSync(storage.tracksDirectory(left.id), { recursive: true });
    writeFileSync(join(storage.directory(left.id), "recording.json"), JSON.stringify(left));
    writeFileSync(join(storage.tracksDirectory(left.id), "01-Zoë.wav"), "12345");
    writeFileSync(join(storage.tracksDirectory(left.id), "02-123456789012345678.wav"), "123");
    await markInterrupted(catalog, storage, createLog("silent", "test"));
    const marked = await catalog.find(left.id);
    assert.equal(marked?.state, "failed");
    assert.equal(marked?.error?.code, "E-INTERRUPTED");
    assert.deepEqual(marked?.tracks, [
      { track: 1, userId: "10", name: "Zoë", file: "01-Zoë.wav", sizeBytes: 5 },
      {
        track: 2,
        userId: "123456789012345678",
        name: "123456789012345678",
        file: "02-123456789012345678.wav",
        sizeBytes: 3,
      },
    ]);
    assert.deepEqual(await storage.readManifest(left.id), left);
    assert.deepEqual(await catalog.listUnfinished(), []);
  },
);

test("a recording that ended without the catalog hearing of it is taken over as it is", options, async () => {
  using data = folder();
  await using catalog = await Catalog.open(data.path);
  const storage = new Storage(data.path);
  const done = sample();
  await catalog.upsert({ ...done, state: "finishing" });
  mkdirSync(storage.directory(done.id), { recursive: true });
  writeFileSync(join(storage.directory(done.id), "recording.json"), JSON.stringify(done));
  await markInterrupted(catalog, storage, createLog("silent", "test"));
  assert.deepEqual(await catalog.find(done.id), done);
});
