import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const CATALOG = new URL("../../src/recordings/catalog.ts", import.meta.url).href;

/** Loads everything first and opens the catalog at that time, so that all processes do so together. */
const OPEN = `
const [catalog, directory, atMs] = process.argv.slice(1);
const { Catalog } = await import(catalog);
await new Promise((resolve) => setTimeout(resolve, Number(atMs) - Date.now()));
await (await Catalog.open(directory)).close();
`;

test(
  "processes that start together on a new folder all get their catalog",
  { timeout: 180_000 },
  async () => {
    for (let round = 0; round < 3; round++) {
      const directory = mkdtempSync(join(tmpdir(), "recorder-race-"));
      const atMs = String(Date.now() + 1_500);
      const args = ["--input-type=module", "--eval", OPEN, CATALOG, directory, atMs];
      const processes = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args));
      const ends = await Promise.allSettled(processes);
      assert.deepEqual(
        ends.filter(({ status }) => status === "rejected"),
        [],
      );
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
