import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../support/free-port.ts";
import { eventually, sleep } from "../support/wait.ts";

/** Whether this machine has a Redis to test with; the word for tests that are skipped otherwise. */
export const withoutRedis: string | false =
  spawnSync("redis-server", ["--version"]).status === 0 ? false : "redis-server is not installed";

/** A real Redis on a free port of loopback, stopped by its process id. */
export class RedisServer {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), "redis-"));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
  }

  /** `settings` as on redis-server's command line; it keeps an append-only file, so that a restart loses nothing. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.launch();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it (again, on the same port with the same data). */
  async launch(): Promise<void> {
    const arguments_ = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#directory];
    const child = spawn(
      "redis-server",
      [...arguments_, "--save", "", "--appendonly", "yes", "--appendfsync", "always", ...this.#settings],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#process = child;
    let said = "";
    child.stdout.on("data", (text) => {
      said += String(text);
    });
    await eventually("redis-server is ready", () => {
      assert.equal(child.exitCode, null, said);
      return said.includes("Ready to accept connections");
    });
  }

  /** Resolves when the process is gone. */
  async halt(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Stands still for so long, while its clock and the world go on. */
  async freeze(milliseconds: number): Promise<void> {
    this.#process?.kill("SIGSTOP");
    try {
      await sleep(milliseconds);
    } finally {
      this.#process?.kill("SIGCONT");
    }
  }

  /** Forgets all keys. */
  async clear(): Promise<void> {
    const redis = new Redis(this.url);
    await redis.flushall();
    redis.disconnect();
  }

  async close(): Promise<void> {
    await this.halt();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
