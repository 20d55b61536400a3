import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import { cleanEnvironment } from "../support/bot-process.ts";
import { killGroup } from "../support/kill-group.ts";
import { packageFolder } from "../support/package-folder.ts";
import { eventually } from "../support/wait.ts";

for (const [what, signal, to, expected] of [
  ["kill", "SIGTERM", "npm", 143],
  ["Ctrl-C", "SIGINT", "all", 130],
] as const)
  test(
    `${what} ends the demo's bot before the demo, with the recording finished`,
    { timeout: 180_000 },
    async (t) => {
      const folder = packageFolder(t);
      const demo = spawn("npm", ["run", "demo"], {
        cwd: folder,
        env: { ...cleanEnvironment(), npm_config_update_notifier: "false" },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      const { pid } = demo;
      assert.ok(pid !== undefined);
      t.after(() => killGroup(pid));
      let output = "";
      for (const stream of [demo.stdout, demo.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      const port = await eventually("people talk", () => {
        assert.equal(demo.exitCode, null, output);
        return /They talk/.test(output) && /localhost:(\d+)\/r\//.exec(output)?.[1];
      });
      const alive = `http://127.0.0.1:${port}/healthz`;
      assert.equal((await fetch(alive)).status, 200);

      const ended = once(demo, "exit");
      process.kill(to === "all" ? -pid : pid, signal);
      const [code] = await ended;
      await assert.rejects(fetch(alive), "the bot has ended before the demo");
      assert.equal(code, expected, output);
      const [manifest = ""] = globSync(join(folder, "demo-output/*/recordings/*/recording.json"));
      assert.equal(manifestSchema.parse(JSON.parse(readFileSync(manifest, "utf8"))).state, "finished");
      await eventually("it says where", () => /what had been recorded is in demo-output/.test(output));
    },
  );
