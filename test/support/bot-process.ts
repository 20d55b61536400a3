import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { killGroup } from "./kill-group.ts";

const ROOT = new URL("../../", import.meta.url);
/** Of a machine that is busy with everything else. */
const READY_MS = 120_000;

/** Variables that would change what the bot does if a developer's own environment had them. */
const OURS =
  /^(DISCORD_|DATA_DIR|PUBLIC_URL|HTTP_|LINK_SECRET|RETENTION_|REDIS_|DATABASE_|ROLES|LOG_LEVEL|ANNOUNCEMENT|QUEUE_|DISK_|RESUME_|FFMPEG_|NODE_EXTRA_CA)/;

export type Exit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** The environment of this process without the recorder's own variables. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OURS.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

function botEnvironment(environment: Readonly<Record<string, string>>, port: string): Record<string, string> {
  return {
    ...cleanEnvironment(),
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: port,
    LOG_LEVEL: "info",
    ...environment,
  };
}

/** What `npm start` gives to Node: options, and `src/main.ts`; to be used in any working directory. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8")) as {
    readonly scripts: { readonly start: string };
  };
  // In the place of npm's shell, which would pass no signal on.
  const [exec, node, ...words] = scripts.start.split(" ");
  if (exec !== "exec" || node !== "node")
    throw new Error(`"npm start" is not a call of Node: ${scripts.start}`);
  return words.map((word) => (/^(\.\/)?src\//.test(word) ? fileURLToPath(new URL(word, ROOT)) : word));
}

/** The real bot in a process of its own, exactly as `npm start` runs it. */
export class BotProcess {
  readonly child: ChildProcess;
  readonly baseUrl: string;
  readonly #exit: Promise<Exit>;
  readonly #owns: "process" | "group";
  #stdout = "";
  #stderr = "";

  private constructor(child: ChildProcess, baseUrl: string, owns: "process" | "group" = "process") {
    this.child = child;
    this.#owns = owns;
    this.baseUrl = baseUrl;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#exit = new Promise((resolve) => {
      child.once("close", (code, signal) =>
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }),
      );
    });
  }

  /** Starts it and returns at once. `nodeOptions` go before the script. */
  static async spawn(
    environment: Readonly<Record<string, string>>,
    nodeOptions: readonly string[] = [],
  ): Promise<BotProcess> {
    const port = environment["HTTP_PORT"] ?? String(await freePort());
    const child = spawn(process.execPath, [...nodeOptions, ...startArguments()], {
      env: botEnvironment(environment, port),
      // Away from a developer's own .env.
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new BotProcess(child, `http://127.0.0.1:${port}`);
  }

  /**
   * `npm start` itself, in a process group of its own, as a shell would have it. Signals go to `child`
   * alone: to npm, or to what starts it.
   * @param directory where a package.json is
   * @param command another one that ends in `npm start`
   */
  static async npmStart(
    environment: Readonly<Record<string, string>>,
    directory: string,
    command: readonly [string, ...string[]] = ["npm", "start"],
  ): Promise<BotProcess> {
    const port = environment["HTTP_PORT"] ?? String(await freePort());
    const [program, ...words] = command;
    const child = spawn(program, words, {
      env: { ...botEnvironment(environment, port), npm_config_update_notifier: "false" },
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    return new BotProcess(child, `http://127.0.0.1:${port}`, "group");
  }

  /** Starts it and waits until `/readyz` says yes. */
  static async ready(
    environment: Readonly<Record<string, string>>,
    nodeOptions: readonly string[] = [],
  ): Promise<BotProcess> {
    const bot = await BotProcess.spawn(environment, nodeOptions);
    await bot.untilReady();
    return bot;
  }

  /** Resolves when `/readyz` says yes; rejects, with the process ended, when it never does. */
  async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      if (this.hasEnded)
        throw new Error(
          `the bot ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.output}`,
        );
      const response = await fetch(`${this.baseUrl}/readyz`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.stop("SIGKILL");
    throw new Error(`the bot was not ready within ${READY_MS} ms:\n${this.output}`);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the bot never started");
    return this.child.pid;
  }

  /** How it ended; waits for that. */
  exit(): Promise<Exit> {
    return this.#exit;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.child.kill(signal);
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#owns === "group") killGroup(this.pid);
    if (!this.hasEnded) await this.stop("SIGKILL");
  }
}
