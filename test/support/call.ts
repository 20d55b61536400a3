/** A simulated call with the real bot in it: what end-to-end tests start from. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PermissionFlagsBits } from "discord-api-types/v10";
import { balances } from "../../src/recordings/counts.ts";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { Interaction } from "../simulator/interaction.ts";
import type { Person } from "../simulator/person.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { BotProcess } from "./bot-process.ts";
import { freePort } from "./free-port.ts";

export type CallOptions = {
  readonly dave: boolean;
  readonly announcement?: "on" | "off";
  /** Options for Node before the bot's script. */
  readonly nodeOptions?: readonly string[];
  /** More variables for the bot. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Another way to start the bot than as a process of its own. */
  readonly spawn?: (environment: Readonly<Record<string, string>>) => Promise<BotProcess>;
};

/** A simulated Discord, a bot that serves it, and the folder in which it records. */
export class Call {
  readonly discord: SimulatedDiscord;
  readonly dataDir: string;
  readonly #spawn: () => Promise<BotProcess>;
  #bot: BotProcess;

  private constructor(
    discord: SimulatedDiscord,
    dataDir: string,
    bot: BotProcess,
    spawn: () => Promise<BotProcess>,
  ) {
    this.discord = discord;
    this.dataDir = dataDir;
    this.#bot = bot;
    this.#spawn = spawn;
  }

  get bot(): BotProcess {
    return this.#bot;
  }

  /** Starts a bot that has ended anew: same configuration, same port, same folder. */
  async restart(): Promise<void> {
    await this.spawn();
    await this.#bot.untilReady();
  }

  /** The same, without waiting until it is ready. */
  async spawn(): Promise<void> {
    await this.#bot.exit();
    this.#bot = await this.#spawn();
  }

  static async start(options: CallOptions): Promise<Call> {
    const dataDir = mkdtempSync(join(tmpdir(), "recorder-call-"));
    const discord = await SimulatedDiscord.start({ dave: options.dave });
    try {
      const environment = {
        ...discord.environment,
        DATA_DIR: dataDir,
        // The same after a restart: links go on working.
        HTTP_PORT: String(await freePort()),
        ANNOUNCEMENT: options.announcement ?? "off",
        ...options.environment,
      };
      const spawn = (): Promise<BotProcess> =>
        options.spawn?.(environment) ?? BotProcess.spawn(environment, options.nodeOptions);
      const bot = await spawn();
      await bot.untilReady();
      return new Call(discord, dataDir, bot, spawn);
    } catch (error) {
      await discord.close();
      throw error;
    }
  }

  /** A person who may use /record: Discord shows it to those with "Manage Server". */
  addHost(name: string): Person {
    const host = this.discord.addPerson(name);
    host.grant(PermissionFlagsBits.ManageGuild);
    return host;
  }

  /** A host who sits in the first voice channel, where their recording runs. */
  async startRecording(name: string): Promise<Person> {
    const host = this.addHost(name);
    await host.join();
    await this.discord.command(host, "record start");
    return host;
  }

  /** Frames in the queue, as the bot's metrics say. */
  async queuedFrames(): Promise<number> {
    const response = await fetch(`${this.bot.baseUrl}/metrics`);
    return Number(/^recorder_queue_frames(?:\{\S*\})? (\d+)$/m.exec(await response.text())?.[1]);
  }

  /** The only recording's folder. */
  get folder(): string {
    const root = join(this.dataDir, "recordings");
    const ids = readdirSync(root);
    assert.equal(ids.length, 1, "exactly one recording");
    return join(root, ids[0] ?? "");
  }

  get manifest(): Manifest {
    return manifestSchema.parse(JSON.parse(readFileSync(join(this.folder, "recording.json"), "utf8")));
  }

  /** Of all recordings whose manifest is there. */
  get manifests(): readonly Manifest[] {
    const root = join(this.dataDir, "recordings");
    if (!existsSync(root)) return [];
    return readdirSync(root)
      .map((id) => join(root, id, "recording.json"))
      .filter((path) => existsSync(path))
      .map((path) => manifestSchema.parse(JSON.parse(readFileSync(path, "utf8"))));
  }

  /** Path of a person's track. */
  trackPath(userId: string): string {
    const track = this.manifest.tracks.find((candidate) => candidate.userId === userId);
    assert.ok(track?.file !== undefined, `a track for ${userId}`);
    return join(this.folder, "tracks", track.file);
  }

  /** The promise that nothing disappears unseen: every packet of every track has one outcome, and none was lost. */
  assertNothingLost(): void {
    for (const track of this.manifest.tracks) {
      assert.ok(track.counts !== undefined, `counts for ${track.name}`);
      assert.ok(balances(track.counts), `counts of ${track.name} balance: ${JSON.stringify(track.counts)}`);
      for (const outcome of ["late", "expired", "rejected", "dropped", "unwritten", "held"] as const) {
        assert.equal(
          track.counts[outcome],
          0,
          `${outcome} packets of ${track.name}: ${JSON.stringify(track.counts)}`,
        );
      }
    }
  }

  /**
   * The invariant of every recording: each packet of a track has one outcome, and each datagram of the connection is a
   * track's, nobody's, or no media. Asserted of all that have finished here, also when the call is disposed of.
   */
  assertCountsBalance(): void {
    for (const manifest of this.manifests) assertBalanced(manifest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bot[Symbol.asyncDispose]();
    await this.discord.close();
    try {
      this.assertCountsBalance();
    } finally {
      rmSync(this.dataDir, { recursive: true, force: true });
    }
  }
}

function assertBalanced({ id, state, tracks, connection, recovered }: Manifest): void {
  if (state !== "finished" || connection === undefined) return; // a test that failed before the end has said so itself
  if (recovered) return; // its counts are those of the last checkpoint before its process died
  let received = 0;
  for (const { name, counts } of tracks) {
    assert.ok(counts !== undefined, `counts for ${name} in ${id}`);
    assert.ok(balances(counts), `counts of ${name} in ${id} balance: ${JSON.stringify(counts)}`);
    assert.equal(counts.held, 0, `packets of ${name} in ${id} without an outcome`);
    received += counts.received;
  }
  const { datagrams, notMedia, unattributed } = connection;
  const books = JSON.stringify({ connection, counts: tracks.map(({ counts }) => counts) });
  assert.equal(datagrams, received + notMedia + unattributed, `datagrams of ${id}: ${books}`);
}

/** Everything an answer says: its text and the messages that follow it. */
export function fullText(answer: Pick<Interaction, "content" | "followUps">): string {
  return [answer.content, ...answer.followUps.map((message) => message.content)].join("\n");
}

/** The WAV links in a text, by the number of their track. */
export function trackLinks(text: string): Map<number, string> {
  const links = [...text.matchAll(/https?:\/\/[^\s)>\]]+\/tracks\/(\d+)\.wav\?[^\s)>\]]+/g)];
  return new Map(links.map((link) => [Number(link[1]), link[0]]));
}
