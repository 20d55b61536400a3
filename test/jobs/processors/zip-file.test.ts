import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeZip, zipBytes } from "../../../src/jobs/zip-file.ts";

const MEGABYTE = 1_000_000;

test("a large ZIP is made through a few buffers, whatever its size", { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "zip-"));
  try {
    const path = join(directory, "long.wav");
    const target = join(directory, "long.zip");
    const sizeBytes = 150 * MEGABYTE;
    writeFileSync(path, "");
    truncateSync(path, sizeBytes);
    const entries = [{ name: "long.wav", path, sizeBytes }];
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    await writeZip(entries, target, {
      mtime: new Date(0),
      signal: new AbortController().signal,
      onBytes: () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)),
    });
    assert.equal(statSync(target).size, zipBytes(entries));
    // About eight pieces are under way; streams of node:fs let 64 MB gather.
    assert.ok(most < 10 * MEGABYTE, `${most} bytes`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
