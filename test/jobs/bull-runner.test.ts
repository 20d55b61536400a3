import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as timer } from "node:timers/promises";
import { Redis } from "ioredis";
import pino from "pino";
import { BullRunner } from "../../src/jobs/bull-runner.ts";
import type { Processor } from "../../src/jobs/job-runner.ts";
import { createLog } from "../../src/log.ts";
import { eventually, sleep } from "../support/wait.ts";
import { contract } from "./contract.ts";
import { never, processors, reaches } from "./contract/place.ts";
import type { Place, StartOptions } from "./contract/place.ts";
import { kill, killInTheMiddle, spawnRunner } from "./kill.ts";
import { freePort } from "../support/free-port.ts";
import { RedisServer, withoutRedis } from "./redis-server.ts";

const log = createLog("silent", "test");
const options = { timeout: 180_000, skip: withoutRedis };

let server: RedisServer | undefined;

before(async () => {
  if (withoutRedis === false) server = await RedisServer.start();
});

after(async () => {
  await server?.close();
});

function redis(): RedisServer {
  if (server === undefined) throw new Error("Redis was not started");
  return server;
}

function start(
  redisUrl: string,
  { concurrency = 4, crashing = never, ...rest }: StartOptions,
): Promise<BullRunner> {
  return BullRunner.start({ redisUrl, concurrency, crashing, log, backOffMs: 20, lockMs: 2_000, ...rest });
}

/** Rejects at the signal. */
function sleepOrSignal(milliseconds: number, signal: AbortSignal): Promise<void> {
  return timer(milliseconds, undefined, { signal });
}

/** An empty Redis. */
async function open(): Promise<Place> {
  await redis().clear();
  return {
    start: (startOptions) => start(redis().url, startOptions),
    [Symbol.asyncDispose]: () => redis().clear(),
  };
}

contract("BullMQ", open, withoutRedis);

test(
  "BullMQ: a job whose process is killed in the middle runs again, to the same bytes",
  options,
  async () => {
    await using place = await open();
    await using client = await place.start({ processors: undefined });
    const directory = mkdtempSync(join(tmpdir(), "jobs-"));
    try {
      await killInTheMiddle(client, directory, redis().url);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test("BullMQ: a process that runs already takes over the job of one that was killed", options, async () => {
  await using place = await open();
  const directory = mkdtempSync(join(tmpdir(), "jobs-"));
  const child = spawnRunner(directory, redis().url);
  try {
    await using client = await place.start({ processors: undefined });
    const id = await client.enqueue("finish", { recordingId: "r1" });
    await eventually("it runs there", () => existsSync(join(directory, "out")));
    let attempt = 0;
    await using survivor = await place.start({
      processors: processors({
        finish: async (_data, context) => {
          attempt = context.attempt;
        },
      }),
    });
    await kill(child);
    await reaches(survivor, id, "done");
    assert.equal(attempt, 2);
  } finally {
    await kill(child);
    rmSync(directory, { recursive: true, force: true });
  }
});

test(
  "BullMQ: a restart of Redis in the middle of the work loses no job and repeats none that ended",
  options,
  async () => {
    await using own = await RedisServer.start();
    const ended = new Map<string, number>();
    let begun = 0;
    const finish: Processor = async ({ recordingId }) => {
      begun += 1;
      await sleep(150);
      ended.set(recordingId, (ended.get(recordingId) ?? 0) + 1);
    };
    await using runner = await start(own.url, { processors: processors({ finish }), concurrency: 2 });
    for (let job = 0; job < 20; job += 1) await runner.enqueue("finish", { recordingId: `r${job}` });
    await eventually("the work has begun", () => begun >= 4);
    await own.halt("SIGKILL");
    const soFar = ended.size;
    assert.ok(soFar < 20, "it was halted in the middle");
    const late = runner.enqueue("finish", { recordingId: "late" });
    await sleep(700);
    await own.launch();
    assert.equal(await late, "finish-late", "a job enqueued meanwhile waits for Redis");
    for (let job = 0; job < 20; job += 1) await reaches(runner, `finish-r${job}`, "done");
    await reaches(runner, "finish-late", "done");
    assert.equal(ended.size, 21);
    // What ran at the kill may run twice if its end came too late to be noted; nothing else.
    const twice = [...ended.values()].filter((count) => count > 1);
    assert.ok(twice.length <= 2, `${twice.length} jobs ran twice`);
  },
);

test("BullMQ: a job that Redis took for dead is stopped before it begins anew", options, async () => {
  await using own = await RedisServer.start();
  let atATime = 0;
  let most = 0;
  const attempts: number[] = [];
  const finish: Processor = async (_data, { attempt, signal }) => {
    attempts.push(attempt);
    atATime += 1;
    most = Math.max(most, atATime);
    try {
      await sleepOrSignal(attempt === 1 ? 20_000 : 10, signal);
    } finally {
      // Obeying takes a moment.
      await sleep(100);
      atATime -= 1;
    }
  };
  // Locks last 2 s here.
  await using runner = await start(own.url, { processors: processors({ finish }) });
  const id = await runner.enqueue("finish", { recordingId: "r1" }, { attempts: 1 });
  await eventually("it runs", () => attempts.length === 1);
  await own.freeze(3_000);
  await reaches(runner, id, "done");
  assert.deepEqual(attempts, [1, 2]);
  assert.equal(most, 1);
});

test("BullMQ: a job that BullMQ gives up has failed; a scheduled one goes on", options, async () => {
  await using place = await open();
  await using client = await place.start({ processors: undefined });
  await client.enqueue("finish", { recordingId: "r1" });
  await client.schedule("expire", 50);
  const connection = new Redis(redis().url);
  // As BullMQ marks what was interrupted too often.
  for (const id of ["finish-r1", "expire-scheduled"])
    await connection.hset(`recorder:jobs:${id}`, "defa", "job stalled more than allowable limit");
  connection.disconnect();
  let runs = 0;
  const expire: Processor = async () => {
    runs += 1;
  };
  const told: unknown[] = [];
  await using runner = await BullRunner.start({
    redisUrl: redis().url,
    processors: processors({ expire }),
    concurrency: 1,
    crashing: never,
    log: pino({ level: "error" }, { write: (line: string) => void told.push(JSON.parse(line)) }),
    lockMs: 2_000,
  });
  const { error } = await reaches(runner, "finish-r1", "failed");
  assert.equal(error.code, "E-JOB-INTERRUPTED");
  const telling = { job: "finish-r1", code: "E-JOB-INTERRUPTED", msg: "a job failed" };
  await eventually("it is told", () =>
    told.some((line) => isDeepStrictEqual({ ...telling, ...(line as object) }, line)),
  );
  await eventually("the schedule goes on", () => runs >= 2);
});

test("BullMQ: closing ends also while Redis is away", options, async () => {
  await using own = await RedisServer.start();
  const runner = await start(own.url, { processors: processors({}) });
  await own.halt("SIGKILL");
  await sleep(200);
  const before = performance.now();
  await runner.close();
  assert.ok(performance.now() - before < 12_000, "closing has its bound");
});

test(
  "BullMQ: a question to a Redis that is away is answered with that, in bounded time",
  options,
  async () => {
    await using own = await RedisServer.start();
    const lines: string[] = [];
    const telling = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    await using runner = await BullRunner.start({
      redisUrl: own.url,
      processors: processors({ finish: () => Promise.resolve() }),
      concurrency: 1,
      crashing: never,
      log: telling,
      commandMs: 500,
    });
    await own.halt("SIGKILL");
    await assert.rejects(runner.enqueue("finish", { recordingId: "r1" }), { code: "E-REDIS" });
    await assert.rejects(runner.state("finish-r1"), { code: "E-REDIS" });
    await sleep(1_500);
    await own.launch();
    // The command given while it was away is obeyed when it is back.
    await eventually("it runs", async () => {
      const state = await runner.state("finish-r1").catch(() => undefined);
      return state?.kind === "done";
    });
    const told = lines.map((line) => JSON.parse(line) as { readonly msg: string });
    assert.equal(told.filter(({ msg }) => /away|cannot be used/.test(msg)).length, 1, lines.join(""));
    assert.equal(told.filter(({ msg }) => msg === "Redis is back").length, 1, lines.join(""));
  },
);

test("a Redis that cannot be reached is refused after a bounded time, with what to do", options, async () => {
  const port = await freePort();
  const lines: string[] = [];
  await assert.rejects(
    BullRunner.start({
      redisUrl: `redis://:hunter2@127.0.0.1:${port}/3`,
      processors: undefined,
      concurrency: 1,
      crashing: never,
      log: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }),
      startMs: 1_200,
    }),
    (error: Error & { code?: string; remedy?: string }) => {
      assert.equal(error.code, "E-REDIS");
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}/3 cannot be reached: .*ECONNREFUSED`));
      assert.doesNotMatch(error.message + String(error.remedy), /hunter2/);
      assert.match(String(error.remedy), /REDIS_URL/);
      return true;
    },
  );
  const told = lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly redis: string });
  assert.deepEqual(
    told.map(({ msg, redis }) => [msg, redis]),
    ["connecting to Redis", "waiting for Redis"].map((msg) => [msg, `127.0.0.1:${port}/3`]),
    "said at once, and once, however often it is tried",
  );
  assert.doesNotMatch(lines.join(""), /hunter2/);
});

test("a server that accepts and says nothing is refused too", options, async () => {
  await using mute = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await eventually("it listens", () => mute.listening);
  const address = mute.address();
  assert.ok(address !== null && typeof address === "object");
  await assert.rejects(
    BullRunner.start({
      redisUrl: `redis://127.0.0.1:${address.port}`,
      processors: undefined,
      concurrency: 1,
      crashing: never,
      log,
      startMs: 100,
    }),
    { code: "E-REDIS" },
  );
});

test("a Redis that starts a little later is waited for", options, async () => {
  await using own = await RedisServer.start();
  await own.halt();
  const starting = start(own.url, { processors: processors({ finish: () => Promise.resolve() }) });
  await sleep(700);
  await own.launch();
  await using runner = await starting;
  await reaches(runner, await runner.enqueue("finish", { recordingId: "r1" }), "done");
});

test("a wrong or missing password is named as such, at once", options, async () => {
  await using own = await RedisServer.start(["--requirepass", "right"]);
  const { port } = own;
  for (const url of [
    `redis://127.0.0.1:${port}`,
    `redis://:wrong@127.0.0.1:${port}`,
    `redis://who:wrong@127.0.0.1:${port}`,
  ]) {
    await assert.rejects(start(url, { processors: undefined }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "E-REDIS-AUTH");
      assert.doesNotMatch(error.message, /wrong/);
      return true;
    });
  }
  await using runner = await start(`redis://:right@127.0.0.1:${port}`, {
    processors: processors({ finish: () => Promise.resolve() }),
  });
  await reaches(runner, await runner.enqueue("finish", { recordingId: "r1" }), "done");
});

test("a Redis that may evict jobs is refused, with the setting to change", options, async () => {
  await using own = await RedisServer.start(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
  await assert.rejects(
    start(own.url, { processors: undefined }),
    (error: Error & { code?: string; remedy?: string }) => {
      assert.equal(error.code, "E-REDIS-POLICY");
      assert.match(error.message, /allkeys-lru/);
      assert.match(String(error.remedy), /noeviction/);
      return true;
    },
  );
});
