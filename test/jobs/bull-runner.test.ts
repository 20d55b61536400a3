import { after, before } from "node:test";
import { BullRunner } from "../../src/jobs/bull-runner.ts";
import { createLog } from "../../src/log.ts";
import { contract } from "./contract.ts";
import type { Place } from "./contract.ts";
import { RedisServer, withoutRedis } from "./redis-server.ts";

const log = createLog("silent", "test");

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

/** An empty Redis. */
async function open(): Promise<Place> {
  const { url } = redis();
  await redis().clear();
  return {
    start: ({ processors, concurrency = 4 }) =>
      BullRunner.start({ redisUrl: url, processors, concurrency, log, backOffMs: 20, lockMs: 2_000 }),
    [Symbol.asyncDispose]: () => redis().clear(),
  };
}

contract("BullMQ", open, withoutRedis);
