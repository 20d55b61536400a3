import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeZip, zipBytes } from "../../../src/jobs/zip-file.ts";
import type { ZipEntry } from "../../../src/jobs/zip-file.ts";

const MEGABYTE = 1_000_000;

test("a large ZIP is made through a few buffers, whatever its size", { timeout: 180_000 }, async () => {
  using folder = new Folder();
  const sizeBytes = 150 * MEGABYTE;
  const entry = folder.file("long.wav", sizeBytes);
  // About eight pieces are under way; streams of node:fs let 64 MB gather.
  assert.ok((await buffersFor([entry], folder.zip)) < 10 * MEGABYTE);
});

test("a ZIP of many files is made through a few buffers, however short they are", async () => {
  using folder = new Folder();
  const entries = Array.from({ length: 200 }, (_, at) => folder.file(`${at}.wav`, 5_000));
  assert.ok((await buffersFor(entries, folder.zip)) < 10 * MEGABYTE);
});

/** Makes a ZIP, and says how many bytes of buffers there were at most. */
async function buffersFor(entries: readonly ZipEntry[], target: string): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  await writeZip(entries, target, {
    mtime: new Date(0),
    signal: new AbortController().signal,
    onBytes: () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)),
  });
  assert.equal(statSync(target).size, zipBytes(entries));
  return most;
}

/** A folder of its own, for as long as a test lasts. */
class Folder implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), "zip-"));
  readonly zip = join(this.#path, "all.zip");

  /** Makes a file of zeroes. */
  file(name: string, sizeBytes: number): ZipEntry {
    const path = join(this.#path, name);
    writeFileSync(path, "");
    truncateSync(path, sizeBytes);
    return { name, path, sizeBytes };
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true });
  }
}
