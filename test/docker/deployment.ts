import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { cleanEnvironment } from "../support/bot-process.ts";
import { freePort } from "../support/free-port.ts";
import { docker, tryDocker } from "./engine.ts";
import type { DockerResult } from "./engine.ts";

const TOP = new URL("../..", import.meta.url).pathname;
const BUILD_MS = 8 * 60_000;
const STEP_MS = 120_000;
const CA_IN_CONTAINER = "/run/simulator-ca.pem";

/** A recording as it lies in the volume, copied out. */
export type CopiedRecording = {
  readonly manifest: Manifest;
  /** Paths of the WAVs, by name. */
  readonly tracks: readonly string[];
};

/**
 * The compose file as it stands, under a project name of its own, published on a free loopback port and pointed at a
 * simulated Discord. Disposing of it removes its containers, volumes, network and image.
 */
export class Deployment {
  readonly baseUrl: string;
  /** Of the image that is built; also the project's name. */
  readonly name: string;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #copies = 0;

  private constructor(discord: SimulatedDiscord, port: number) {
    this.name = `voice-recorder-test-${process.pid}`;
    this.baseUrl = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "recorder-docker-"));
    const { DISCORD_TOKEN, DISCORD_API_URL, NODE_EXTRA_CA_CERTS } = discord.environment;
    this.#environment = {
      ...cleanEnvironment(),
      DISCORD_TOKEN,
      HTTP_PORT: `127.0.0.1:${port}`,
      PUBLIC_URL: this.baseUrl,
    };
    // What differs from a real deployment. A developer's own .env is left out.
    writeFileSync(
      this.#overrides,
      `services:
  recorder:
    image: ${this.name}
    env_file: !reset []
    environment:
      DISCORD_API_URL: ${DISCORD_API_URL}
      NODE_EXTRA_CA_CERTS: ${CA_IN_CONTAINER}
      ANNOUNCEMENT: "off"
    volumes: ["${NODE_EXTRA_CA_CERTS}:${CA_IN_CONTAINER}:ro"]
  jobs:
    image: ${this.name}
    env_file: !reset []
`,
    );
    writeFileSync(join(this.#folder, "empty.env"), "");
  }

  /** Starts nothing yet. */
  static async prepare(discord: SimulatedDiscord): Promise<Deployment> {
    return new Deployment(discord, await freePort());
  }

  get #overrides(): string {
    return join(this.#folder, "overrides.yml");
  }

  /** Sets a variable of the compose file for the commands that follow. */
  set(name: string, value: string): void {
    this.#environment[name] = value;
  }

  /** What `docker compose` prints for this project; rejects when it fails. */
  compose(...args: readonly string[]): Promise<string> {
    return docker(this.#arguments(args), this.#options(args));
  }

  /** Like `compose`, for what is expected to fail. */
  tryCompose(...args: readonly string[]): Promise<DockerResult> {
    return tryDocker(this.#arguments(args), this.#options(args));
  }

  /** One field of the recorder's container, as `docker inspect` formats it; also of one that has ended. */
  async inspect(format: string): Promise<string> {
    const id = await this.compose("ps", "--all", "--quiet", "recorder");
    return docker(["inspect", "--format", format, id]);
  }

  /** A recording by its title, copied out of the volume; works while nothing runs. */
  async copyRecording(title: string): Promise<CopiedRecording> {
    const copy = join(this.#folder, `copy-${++this.#copies}`);
    await this.compose("cp", "recorder:/data/recordings", copy);
    for (const id of readdirSync(copy)) {
      const manifest = manifestSchema.parse(
        JSON.parse(readFileSync(join(copy, id, "recording.json"), "utf8")),
      );
      if (manifest.title !== title) continue;
      const directory = join(copy, id, "tracks");
      const tracks = readdirSync(directory)
        .sort()
        .map((file) => join(directory, file));
      return { manifest, tracks };
    }
    throw new Error(`no recording "${title}" in the volume`);
  }

  /** Where a test may put files of its own. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tryCompose("--profile", "workers", "down", "--volumes", "--remove-orphans", "--timeout", "5");
    await tryDocker(["image", "rm", "--force", this.name]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #arguments(args: readonly string[]): string[] {
    const files = ["--file", join(TOP, "docker-compose.yml"), "--file", this.#overrides];
    const settings = ["--project-name", this.name, "--env-file", join(this.#folder, "empty.env"), ...files];
    return ["compose", "--progress", "quiet", ...settings, ...args];
  }

  #options(args: readonly string[]) {
    return { timeoutMs: args.includes("build") ? BUILD_MS : STEP_MS, environment: this.#environment };
  }
}
