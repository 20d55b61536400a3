import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { isRecordingId, newRecordingId } from "../../src/recordings/recording-id.ts";
import { slugOf } from "../../src/recordings/slug.ts";
import { Storage } from "../../src/recordings/storage.ts";

const options = { timeout: 60_000 };

test("ids are 22 harmless characters and never the same", options, () => {
  const ids = new Set(Array.from({ length: 2_000 }, newRecordingId));
  assert.equal(ids.size, 2_000);
  for (const id of ids) assert.match(id, /^[0-9A-Za-z]{22}$/);
});

test("no path is made from anything that is not an id", options, () => {
  const storage = new Storage("/data");
  for (const text of [
    "",
    "..",
    "../../etc/passwd",
    "a/b",
    "a".repeat(21),
    `${"a".repeat(21)}/`,
    `${"a".repeat(22)}\n`,
  ]) {
    assert.equal(isRecordingId(text), false);
    assert.throws(() => storage.directory(text), RecorderError);
  }
  const id = newRecordingId();
  assert.equal(storage.directory(id), join("/data/recordings", id));
});

test("tracks are found by their number, and an unused folder alone is removed", options, async (t) => {
  const data = mkdtempSync(join(tmpdir(), "storage-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const storage = new Storage(data);
  await storage.prepare();
  const [used, unused] = [newRecordingId(), newRecordingId()];
  for (const id of [used, unused]) mkdirSync(storage.tracksDirectory(id), { recursive: true });
  for (const file of ["01-Zoë.wav", "02-.wav", "x.wav", "03-notes.txt"])
    writeFileSync(join(storage.tracksDirectory(used), file), "1234");
  const files = await storage.trackFiles(used);
  assert.deepEqual([...files.keys()], [1, 2]);
  assert.deepEqual(files.get(1), { file: "01-Zoë.wav", sizeBytes: 4 });
  assert.equal((await storage.trackFiles(newRecordingId())).size, 0);
  await storage.removeUnused(used);
  await storage.removeUnused(unused);
  assert.equal(existsSync(storage.directory(used)), true);
  assert.equal(existsSync(storage.directory(unused)), false);
});

test("free space is a number, and a missing folder is not writable", options, async (t) => {
  const data = mkdtempSync(join(tmpdir(), "storage-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  assert.ok((await new Storage(data).freeBytes()) > 0);
  assert.equal(await new Storage(data).isWritable(), true);
  assert.equal(await new Storage(join(data, "missing")).isWritable(), false);
});

test("a manifest that makes no sense is refused, a missing one is not an error", options, async (t) => {
  const data = mkdtempSync(join(tmpdir(), "storage-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const storage = new Storage(data);
  const id = newRecordingId();
  assert.equal(await storage.readManifest(id), undefined);
  mkdirSync(storage.directory(id), { recursive: true });
  writeFileSync(join(storage.directory(id), "recording.json"), '{"version":1}');
  await assert.rejects(storage.readManifest(id), RecorderError);
});

test(
  "a slug keeps letters of every script and nothing that a path or a header could trip over",
  options,
  () => {
    assert.equal(slugOf("Zoë", "user"), "Zoë");
    assert.equal(slugOf("ひかり 2", "user"), "ひかり_2");
    assert.equal(slugOf("../../etc/passwd", "user"), "etc_passwd");
    assert.equal(slugOf('a"b\r\nSet-Cookie: x', "user"), "a_b_Set_Cookie_x");
    assert.equal(slugOf("\u202egnp.exe", "user"), "gnp_exe");
    assert.equal(slugOf("🎉🎉", "user"), "user");
    assert.equal(Array.from(slugOf("ä".repeat(100), "user")).length, 40);
  },
);
