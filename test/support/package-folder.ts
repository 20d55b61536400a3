import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** The package in a folder of its own until the test is over, for `npm`: away from a developer's own .env and files. */
export function packageFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "recorder-package-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = fileURLToPath(new URL("../../", import.meta.url));
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  for (const name of ["src", "test", "node_modules"]) symlinkSync(join(root, name), join(folder, name));
  return folder;
}
