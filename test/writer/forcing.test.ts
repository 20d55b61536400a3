import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { DiskDiary } from "./disk-diary.ts";
import { FailingForce } from "./failing-force.ts";
import { openFiles } from "./open-files.ts";
import { manifestOf } from "./recording-setup.ts";

const TRACKS = 12;

function speakOnce(open: ReturnType<typeof openFiles>): void {
  for (let track = 1; track <= TRACKS; track++) open.write(track, track * FRAME_SAMPLES, 0);
}

test("tracks that end together are all written before one is forced, and each is forced once", async () => {
  using open = openFiles();
  speakOnce(open);
  using diary = new DiskDiary();
  const written = await open.files.close(48_000, 0, (error) => assert.ifError(error));
  assert.equal(written.length, TRACKS);
  const firstForced = diary.entries.findIndex(({ operation }) => operation === "fdatasync");
  const lastWritten = diary.entries.findLastIndex(({ operation }) => /^(write|ftruncate)/.test(operation));
  assert.ok(
    lastWritten >= 0 && lastWritten < firstForced,
    "whatever the disk's journal takes, it takes together",
  );
  const forced = diary.of("fdatasync").map(({ file }) => file);
  assert.deepEqual(forced.sort(), written.map(({ file }) => file).sort());
  assert.deepEqual(
    diary.of("fsync").map(({ file }) => file),
    ["tracks"],
  );
});

test("a close is answered when every track and the folder are on the disk, each closed after that", async () => {
  using open = openFiles();
  speakOnce(open);
  using diary = new DiskDiary();
  let mostAtOnce = 0;
  const underWay = (): number => diary.entries.filter((entry) => entry.underWay).length;
  const closing = open.files.close(48_000, 0, (error) => assert.ifError(error));
  for (let over = false; !over;) {
    mostAtOnce = Math.max(mostAtOnce, underWay());
    over = await Promise.race([
      closing.then(() => true),
      new Promise<boolean>((resolve) => setImmediate(resolve, false)),
    ]);
  }
  assert.equal(mostAtOnce, 2, "the other two of four threads are left to the rest of the process");
  assert.equal(underWay(), 0);
  for (const { file } of diary.of("fdatasync")) {
    const order = diary.entries.filter((entry) => entry.file === file).map(({ operation }) => operation);
    assert.deepEqual(order.slice(-2), ["fdatasync", "closeSync"]);
  }
});

test("a folder let go while a track is being forced closes it once that is done", async () => {
  const open = openFiles();
  speakOnce(open);
  open.files.flushOld(1_000);
  await open.files.nextToSync()?.sync(1_000);
  using diary = new DiskDiary();
  const forcing = open.files.nextToSync()?.sync(6_000);
  open[Symbol.dispose]();
  const [forced] = diary.of("fdatasync");
  assert.ok(forced?.underWay, "it is under way");
  const closed = (): string[] => diary.of("closeSync").map(({ file }) => file.replace(" (deleted)", ""));
  assert.ok(!closed().includes(forced.file));
  await forcing;
  assert.ok(closed().includes(forced.file));
  assert.equal(closed().filter((file) => file.endsWith(".wav")).length, TRACKS);
});

test("a folder let go right after its close was asked for is forced and answered all the same", async () => {
  const open = openFiles();
  speakOnce(open);
  using diary = new DiskDiary();
  const closing = open.files.close(48_000, 0, (error) => assert.ifError(error));
  open[Symbol.dispose]();
  assert.equal((await closing).length, TRACKS);
  assert.equal(diary.of("fdatasync").length, TRACKS);
});

test("what the disk fails to force just when a track is closed is told", async () => {
  using open = openFiles();
  open.write(1, 0, 0);
  open.files.flushOld(1_000);
  await open.files.nextToSync()?.sync(1_000);
  // The kernel tells a failure once for each descriptor: the next forcing of it succeeds.
  using failing = new FailingForce();
  const turn = open.files.nextToSync()?.sync(6_000);
  const refusals: unknown[] = [];
  const closing = open.files.close(48_000, 6_000, (error) => refusals.push(error));
  await assert.rejects(turn ?? assert.fail(), { code: "EIO" });
  await assert.rejects(closing, { code: "E-DISK" });
  assert.equal(refusals.length, 1);
  assert.equal(failing.calls, 2);
});

test("new and renamed files cost their folder one forcing together, not one each", async () => {
  using open = openFiles();
  using diary = new DiskDiary();
  speakOnce(open);
  for (let track = 1; track <= TRACKS; track++) open.files.nameTrack(track, `Person ${track}`);
  assert.deepEqual(diary.of("fsyncSync"), [], "nobody waits for it");
  await open.files.nextToSync()?.sync(0);
  assert.deepEqual(
    diary.of("fsync").map(({ file }) => file),
    ["tracks"],
  );
  assert.ok((open.files.nextToSync()?.syncDueAtMs ?? 0) > 0, "it is not due again");
});

test("manifests follow one another in the order of the calls, each whole and forced before it is in place", async () => {
  const open = openFiles();
  using diary = new DiskDiary();
  const file = path.join(path.dirname(open.tracksDirectory), "recording.json");
  const manifest = manifestOf("id", 1);
  const inPlace: string[] = [];
  const look = (): number => inPlace.push(JSON.parse(fs.readFileSync(file, "utf8")).title);
  const titles = ["first", "second", "third"];
  const written = titles.map((title) => open.files.writeManifest({ ...manifest, title }).then(look));
  await open.files.release();
  fs.rmSync(path.dirname(file), { recursive: true });
  assert.equal(inPlace.length, 3, "the folder is let go after the last");
  await Promise.all(written);
  assert.deepEqual(inPlace, titles);
  const folder = path.basename(path.dirname(file));
  assert.deepEqual(
    diary.of("fsync").map((entry) => entry.file),
    titles.flatMap(() => ["recording.json.tmp", folder]),
  );
});
