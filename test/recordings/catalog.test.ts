import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Catalog } from "../../src/recordings/catalog.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { HEARD } from "./stages/quiet-capture.ts";

const options = { timeout: 60_000 };

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
    unheard: [{ userId: "12", name: "Ben", fromSamples: 40 }],
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
