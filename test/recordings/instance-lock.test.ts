import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockInstance } from "../../src/recordings/instance-lock.ts";
import { withCode } from "../support/with-code.ts";

/** A folder that is gone after the test. */
function folder(context: { after(done: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "recorder-lock-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("one lock at a time; released, it can be taken again", (context) => {
  const path = folder(context);
  const lock = lockInstance(path);
  assert.throws(() => lockInstance(path), withCode("E-DATA-DIR-IN-USE"));
  lock[Symbol.dispose]();
  lockInstance(path)[Symbol.dispose]();
});

test("a refused attempt leaves the lock with its holder", (context) => {
  const path = folder(context);
  using _lock = lockInstance(path);
  for (let attempt = 0; attempt < 3; attempt++)
    assert.throws(() => lockInstance(path), withCode("E-DATA-DIR-IN-USE"));
});

test("what is no lock file is named with the folder, not taken for another bot", (context) => {
  const path = folder(context);
  writeFileSync(join(path, "bot.lock"), "notes of somebody's own, longer than a page header\n".repeat(50));
  assert.throws(() => lockInstance(path), withCode("E-DATA-DIR"));
  assert.throws(() => lockInstance(join(path, "nowhere")), withCode("E-DATA-DIR"));
});
