import { appendFileSync, closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BullRunner } from "../../src/jobs/bull-runner.ts";
import { EmbeddedRunner } from "../../src/jobs/embedded-runner.ts";
import type { Processors } from "../../src/jobs/job-runner.ts";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { never } from "./contract/place.ts";

/**
 * A process that works at jobs until it is killed: `node runner-process.ts <directory> [<redis address>]`. Its one job
 * writes `out` in fifty pieces of 64 kB, slowly, so that it can be killed in the middle, and notes each begin in `begins`.
 */

const [directory = "", redisUrl] = process.argv.slice(2);
const log = createLog("silent", "runner-process");

const finish: Processors["finish"] = async (data, { signal, attempt }) => {
  appendFileSync(join(directory, "begins"), `${attempt}\n`);
  const file = openSync(join(directory, "out"), "w");
  try {
    for (let piece = 0; piece < 50; piece += 1) {
      writeSync(file, `${data.recordingId} ${piece} `.repeat(6_000));
      await sleep(20, undefined, { signal });
    }
  } finally {
    closeSync(file);
  }
};

const processors: Processors = { finish, expire: () => Promise.resolve(), archive: () => Promise.resolve() };

if (redisUrl === undefined)
  await EmbeddedRunner.start({
    catalog: await Catalog.open(directory),
    processors,
    concurrency: 1,
    crashing: never,
    log,
  });
else await BullRunner.start({ redisUrl, processors, concurrency: 1, crashing: never, log, lockMs: 2_000 });
