import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RedisServer, withoutRedis } from "../jobs/redis-server.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call, fullText } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { recordOnePerson } from "./one-person.ts";

const DEADLINE = { timeout: 180_000 };

/** Records a second of one person; the ZIP's file and link once it has been made. */
async function recordWithArchive(call: Call): Promise<{ readonly file: string; readonly link: URL }> {
  const answer = await recordOnePerson(call);
  const link = new URL(/https?:[^\s>]+\/archive\.zip\?[^\s>]+/.exec(fullText(answer))?.[0] ?? "");
  const id = link.pathname.split("/")[2] ?? "";
  const exports = join(call.dataDir, "recordings", id, "exports");
  const name = await eventually("the ZIP is made", () =>
    existsSync(exports) ? readdirSync(exports).find((file) => file.endsWith(".zip")) : undefined,
  );
  return { file: join(exports, name), link };
}

/** A ZIP that is gone is made anew when only another process, whose one role is `web`, is asked for it. */
async function orderedByWebAlone(environment: Readonly<Record<string, string>>): Promise<void> {
  await using call = await Call.start({ dave: false, environment });
  await using web = await BotProcess.ready({ ...environment, ROLES: "web", DATA_DIR: call.dataDir });
  const { file, link } = await recordWithArchive(call);
  rmSync(file);
  const address = `${web.baseUrl}${link.pathname}${link.search}`;
  assert.equal((await fetch(address)).status, 503, "it is not there");
  const bytes = await eventually("the ZIP is there again", async () => {
    await sleep(250);
    const response = await fetch(address);
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 200 ? body : undefined;
  });
  assert.equal(bytes.toString("latin1", 0, 4), "PK\x03\x04");
  assert.equal((await web.stop("SIGTERM")).code, 0);
}

test("web alone orders a ZIP that is gone from the process that works at the jobs", DEADLINE, () =>
  orderedByWebAlone({}),
);

test("web alone orders it through Redis too", { ...DEADLINE, skip: withoutRedis }, async () => {
  await using redis = await RedisServer.start();
  await orderedByWebAlone({ REDIS_URL: redis.url });
});
