import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { killGroup } from "../support/kill-group.ts";
import { eventually, sleep } from "../support/wait.ts";

const PROGRAM = fileURLToPath(new URL("./counting-process.ts", import.meta.url));

type Line = { readonly count?: number; readonly lines?: number; readonly msg: string };

/** The whole lines of a log. */
function linesIn(file: string): Line[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
}

test("log lines that cannot be written end nothing; how many they were is said when there is room again", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "recorder-log-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "log");
  // No file of this process may be larger than eight blocks: the write that would pass it is cut short, later ones are refused.
  const command = 'ulimit -f 8; exec "$0" "$1" 1 >> "$2"';
  const child = spawn("/bin/sh", ["-c", command, process.execPath, PROGRAM, file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));

  const full = await eventually("the log is full", async () => {
    const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
    await sleep(200);
    return size > 0 && statSync(file).size === size ? size : undefined;
  });
  const before = linesIn(file);
  assert.notEqual(readFileSync(file, "latin1").at(-1), "\n", `the last of ${full} bytes are half a line`);
  assert.equal(child.exitCode, null);

  truncateSync(file);
  const [said, next] = await eventually("it logs again", () => {
    const lines = linesIn(file);
    return lines.length > 3 ? lines : undefined;
  });
  assert.equal(said?.msg, "log lines could not be written");
  assert.ok((said.lines ?? 0) > 1, `dropped: ${said.lines}`);
  assert.equal((next?.count ?? 0) - before.length, said.lines, "every line is there or counted");
});

test("a reader who holds the log up holds nobody up: what finds no room is dropped and counted", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "recorder-log-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "log");
  const go = join(directory, "go");
  // A pipe that nobody reads until there is a file `go`; it holds 64 KiB, which is less than a thousand lines.
  const command = '"$0" "$1" 20 | (until [ -e "$3" ]; do sleep 0.1; done; exec cat > "$2")';
  const shell = spawn("/bin/sh", ["-c", command, process.execPath, PROGRAM, file, go], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const { pid } = shell;
  assert.ok(pid !== undefined);
  t.after(() => killGroup(pid));
  let errors = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  await eventually("it goes on without a reader", () => errors === "counted 5000\n");
  writeFileSync(go, "");
  await eventually("the reader is told of every line that is missing", () => {
    const lines = existsSync(file) ? linesIn(file) : [];
    const counts = lines.flatMap(({ count }) => count ?? []);
    const missing = (counts.at(-1) ?? 0) + 1 - counts.length;
    const said = lines.reduce((sum, { lines = 0 }) => sum + lines, 0);
    return said > 1_000 && said === missing;
  });
});
