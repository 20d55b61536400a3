import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { RecordingFiles } from "../../src/writer/recording-files.ts";
import { openFiles } from "./open-files.ts";
import { manifestOf, STARTED_AT_MS } from "./recording-setup.ts";

test("every track is forced to the disk in its turn, the most overdue first", async () => {
  using open = openFiles();
  const due = (): number => open.files.nextToSync()?.syncDueAtMs ?? Infinity;
  assert.equal(due(), Infinity, "there is nothing to force yet");
  for (const track of [1, 2, 3]) open.write(track, 0, track);
  open.files.flushOld(1_000);
  assert.equal(due(), -Infinity, "that there are new files comes first, once for all");
  await open.files.nextToSync()?.sync(1_000);
  const order: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    order.push(due());
    await open.files.nextToSync()?.sync(6_000 + turn);
    // The first track never stops writing: it must not push the others back.
    open.write(1, (turn + 1) * FRAME_SAMPLES, 6_000 + turn);
    open.files.flushOld(7_000);
  }
  assert.deepEqual(order, [5_001, 5_002, 5_003]);
  assert.equal(due(), 11_000);
});

test("a block is written when it is 100 ms old, not before", () => {
  using open = openFiles();
  const file = path.join(open.tracksDirectory, "01-1.wav");
  open.write(1, 0, 1_000);
  open.files.flushOld(1_099);
  assert.equal(fs.statSync(file).size, 4_096);
  open.files.flushOld(1_100);
  assert.ok(fs.statSync(file).size > 4_096);
});

/** Packets that are in no file. */
function discarded(files: RecordingFiles): number {
  return files.unwritten.reduce((sum, { packets }) => sum + packets, 0);
}

test("a frame of the wrong shape, at no position, or after the close is discarded and counted", async () => {
  using open = openFiles();
  open.write(1, 0, 0);
  open.write(1, FRAME_SAMPLES, 0, 2);
  open.write(1, -1, 0);
  open.write(1, 0.5, 0);
  open.write(1, Number.NaN, 0);
  assert.equal(discarded(open.files), 4);
  const [track] = await open.files.close(4_800, 0, (error) => assert.ifError(error));
  open.write(1, FRAME_SAMPLES, 0);
  assert.equal(discarded(open.files), 5);
  assert.equal(track?.writtenSamples, FRAME_SAMPLES);
});

test("an event that a crash tore does not spoil the one after it", async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "writer-test-"));
  const events = path.join(directory, "events.ndjson");
  fs.writeFileSync(events, '{"atMs":1,"kind":"started"}\n{"atMs":2,"ki');
  const request = { handle: 1, directory, channels: 1, startedAtMs: STARTED_AT_MS, continues: true } as const;
  const files = new RecordingFiles({ ...request, manifest: manifestOf("id", 1) }, 0);
  try {
    files.recordEvent({ atMs: 3, kind: "resumed" });
    const lines = fs.readFileSync(events, "utf8").split("\n");
    assert.deepEqual(lines, [
      '{"atMs":1,"kind":"started"}',
      '{"atMs":2,"ki',
      '{"atMs":3,"kind":"resumed"}',
      "",
    ]);
  } finally {
    await files.release();
    fs.rmSync(directory, { recursive: true });
  }
});
