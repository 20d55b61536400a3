import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

test(
  "what the writer thread says is in the log before long, also when it has nothing else to do",
  { timeout: 30_000 },
  async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "writer-test-"));
    const program = path.join(import.meta.dirname, "talking-writer.ts");
    const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      let said = 0;
      for await (const line of createInterface(child.stdout)) {
        assert.match(line, /a command for a recording that is not open/);
        if (++said === 3) break;
      }
      assert.equal(said, 3);
    } finally {
      child.kill("SIGKILL");
      fs.rmSync(directory, { recursive: true });
    }
  },
);
