import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { messageOf, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";

/** The connection to Redis: made and checked at the start, kept up by itself afterwards. */

/** How long a Redis that is away, or still loads, is waited for at the start. */
const START_MS = 10_000;

const RETRY_MS = 500;

/** One try to connect. */
const CONNECT_MS = 5_000;

/** The longest pause between two tries to reconnect. */
const LONGEST_PAUSE_MS = 2_000;

/**
 * A connection that is ready, checked, and comes back by itself whenever it is lost: commands given meanwhile wait.
 * Rejects with `E-REDIS` (not reached within `startMs`), `E-REDIS-AUTH` or `E-REDIS-POLICY` (at once).
 */
export async function connectRedis(url: string, log: Log, startMs: number = START_MS): Promise<Redis> {
  const place = placeOf(url);
  const deadline = Date.now() + startMs;
  // Something that never answers would otherwise hold the start up without a word.
  log.info({ redis: place }, "connecting to Redis");
  let waiting = false;
  for (;;) {
    try {
      await check(url, place);
      break;
    } catch (error) {
      if (error instanceof RecorderError && error.code !== "E-TIMEOUT") throw error;
      if (Date.now() + RETRY_MS > deadline) throw unreachable(place, error);
      if (!waiting) log.warn({ redis: place, detail: messageOf(error), startMs }, "waiting for Redis");
      waiting = true;
      await sleep(RETRY_MS);
    }
  }
  const redis = new Redis(url, {
    connectTimeout: CONNECT_MS,
    // BullMQ wants commands to wait for the connection, however long; our own waits have their own bounds.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, LONGEST_PAUSE_MS),
  });
  report(redis, place, log);
  return redis;
}

/** Tells of each outage once, not of each try to end it. */
function report(redis: Redis, place: string, log: Log): void {
  let away = false;
  redis.on("error", (error) => {
    if (!away) log.warn({ redis: place, detail: messageOf(error) }, "Redis cannot be used; trying again");
    away = true;
  });
  redis.on("close", () => {
    if (!away && redis.status !== "end") log.warn({ redis: place }, "Redis is away; jobs wait");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info({ redis: place }, "Redis is back");
    away = false;
  });
}

/** Connects once, and looks at what Redis does when its memory is full. */
async function check(url: string, place: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // `connect` only says that the connection closed; why is told here.
  let reason: Error | undefined;
  redis.on("error", (error) => {
    reason ??= error;
  });
  try {
    // Something that is no Redis may accept the connection and never answer the greeting.
    await within(redis.connect(), CONNECT_MS, "Connecting");
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info("memory"))?.[1];
    if (policy !== undefined && policy !== "noeviction") throw evicting(place, policy);
  } catch (error) {
    if (error instanceof RecorderError && error.code !== "E-TIMEOUT") throw error;
    const cause = reason ?? error;
    if (/^(NOAUTH|WRONGPASS|NOPERM|ERR (invalid password|AUTH))/.test(messageOf(cause)))
      throw refused(place, cause);
    throw cause;
  } finally {
    redis.disconnect();
  }
}

function unreachable(place: string, cause: unknown): RecorderError {
  return new RecorderError(
    "E-REDIS",
    `Redis at ${place} cannot be reached: ${messageOf(cause).replace(/\.$/, "")}.`,
    "Start Redis or correct REDIS_URL; without REDIS_URL jobs run in this process and need no Redis.",
    { cause },
  );
}

function refused(place: string, cause: unknown): RecorderError {
  return new RecorderError(
    "E-REDIS-AUTH",
    `Redis at ${place} does not accept the user or password of REDIS_URL.`,
    "Write them as redis://user:password@host:6379, special characters percent-encoded; the user may be left out.",
    { cause },
  );
}

function evicting(place: string, policy: string): RecorderError {
  return new RecorderError(
    "E-REDIS-POLICY",
    `Redis at ${place} may throw jobs away when its memory is full: its maxmemory-policy is ${policy}.`,
    "Set maxmemory-policy to noeviction, in redis.conf or with `redis-cli config set maxmemory-policy noeviction`.",
  );
}

/** Host, port and database, without the password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host || "localhost"}${pathname === "/" ? "" : pathname}`;
}
