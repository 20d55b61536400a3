import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { leftBehind, mayGoOn } from "../../src/recordings/left-behind.ts";
import type { LeftBehind } from "../../src/recordings/left-behind.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { LeftBehind as Folders, manifestIn, STARTED } from "../writer/recovery/left-behind.ts";
import { eventually, sleep } from "../support/wait.ts";
import { Gate } from "./stages/journal.ts";
import { request, Studio } from "./stages/studio.ts";

const options = { timeout: 60_000 };

/** A recording that ran for 20 s and whose process has just died. */
function left(): LeftBehind {
  const startedAtMs = Date.now() - 20_000;
  const manifest = { ...newManifest(newRecordingId(), request()), state: "recording" as const, startedAtMs };
  return { manifest, lastSignMs: Date.now() };
}

test("a recording goes on within the window, and never where the clock was set back", () => {
  const one = left();
  const { lastSignMs } = one;
  assert.ok(mayGoOn(one, lastSignMs + 1_000, 60_000));
  assert.ok(!mayGoOn(one, lastSignMs + 60_000, 60_000));
  assert.ok(!mayGoOn(one, lastSignMs - 1_000, 60_000), "it would be written over what is there");
});

test("a track that the manifest had no time to list is known by its event, when its file bears a name", async () => {
  using data = new Folders();
  const { id } = data.record({
    speech: [{ track: 1, position: 0, frames: 50 }],
    names: { 1: "Zoë" },
    events: [STARTED, { atMs: STARTED.atMs, position: 0, kind: "track", track: 1, userId: "100001" }],
  });
  const storage = new Storage(data.dataDirectory);
  const before = manifestIn(data.left(id));
  assert.deepEqual(before.tracks, []);
  assert.equal((await storage.trackFiles(id)).get(1)?.file, "01-Zoë.wav");
  const { manifest } = await leftBehind(storage, before);
  assert.deepEqual(
    manifest.tracks.map(({ track, userId }) => [track, userId]),
    [[1, "100001"]],
  );
});

test("where going on fails, the folder still says that the recording ran", options, async () => {
  await using studio = await Studio.open({ timing: { settleMs: 10 } });
  const one = left();
  const directory = studio.storage.directory(one.manifest.id);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "recording.json"), JSON.stringify(one.manifest));
  studio.capture.refusal = new RecorderError("E-CLOSING", "Not now.", "Later.");
  studio.notices.posts = { channelId: "2", messageId: "99" };
  studio.notices.clearGate = new Gate();
  const resumed = assert.rejects(studio.recorder.resume(one, "4"));
  // The message was posted a moment ago, so that a copy of the manifest is due while the notice is taken down.
  await eventually("it is taken down", () => studio.journal.count("notices.clear failed") === 1);
  await sleep(200);
  assert.equal((await studio.storage.readManifest(one.manifest.id))?.state, "recording");
  studio.notices.clearGate.open();
  await resumed;
  const { state } = (await studio.storage.readManifest(one.manifest.id)) ?? {};
  assert.equal(state, "recording", "a recovery finds it unfinished");
});
