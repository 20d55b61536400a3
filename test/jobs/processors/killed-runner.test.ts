import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { archiveName } from "../../../src/recordings/archive-name.ts";
import { eventually } from "../../support/wait.ts";
import { RedisServer, withoutRedis } from "../redis-server.ts";
import { startRunner } from "./start-runner.ts";
import { digests, Workshop } from "./workshop.ts";

const script = fileURLToPath(new URL("runner-child.ts", import.meta.url));

/** Kills a process while its runner writes a ZIP; the next runner must make the same one without being asked. */
async function repeatsAfterKill(redisUrl: string | undefined): Promise<void> {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: "silence" }], { seconds: 3600 });
  const { id } = manifest;
  const folder = workshop.storage.directory(id);
  const exported = workshop.storage.exportsDirectory(id);
  await workshop.processors({ ffmpeg: "/nowhere" }).archive({ recordingId: id }, workshop.context());
  const expected = digests(folder);
  fs.rmSync(exported, { recursive: true });

  const addresses = redisUrl === undefined ? [] : [redisUrl];
  const child = spawn(process.execPath, [script, workshop.dataDirectory, id, ...addresses], {
    stdio: "inherit",
  });
  await eventually(
    "the ZIP has been begun",
    () => fs.existsSync(exported) && fs.readdirSync(exported).length > 0,
  );
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(fs.readdirSync(exported).includes(archiveName(manifest)), false, "it died in the middle");

  await using runner = await startRunner(workshop, redisUrl);
  await eventually("the job is done", async () => (await runner.state(`archive-${id}`))?.kind === "done");
  assert.deepEqual(digests(folder), expected);
}

test(
  "the embedded runner, killed in mid-archive, makes the same ZIP at its next start",
  { timeout: 180_000 },
  () => repeatsAfterKill(undefined),
);

test(
  "the runner on Redis, killed in mid-archive, makes the same ZIP at its next start",
  { timeout: 180_000, skip: withoutRedis },
  async () => {
    await using redis = await RedisServer.start(["--maxmemory-policy", "noeviction"]);
    await repeatsAfterKill(redis.url);
  },
);
