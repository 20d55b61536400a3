/** A simulated guild with the real bot and the real recorder in it; only sound and files are kept in memory. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PermissionFlagsBits } from "discord.js";
import { recordCommand } from "../../commands/record.ts";
import { Bot } from "../../src/discord/bot.ts";
import type { SilenceTiming } from "../../src/discord/silence-watch.ts";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { Recorder } from "../../src/recordings/recorder.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { Links } from "../../src/web/links.ts";
import type { Person } from "../simulator/person.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { MemoryCapture, MemoryWriter } from "./memory-stages.ts";

export const log = createLog("silent", "test");

export type GuildOptions = {
  /** Before the bot logs in. */
  readonly prepare?: (discord: SimulatedDiscord) => void;
  /** When a recording in an empty channel ends. */
  readonly emptyMs?: number;
  readonly silence?: SilenceTiming;
  /** When it is known whether the recordings of a dead process go on. */
  readonly wentOn?: () => Promise<void>;
};

export class Guild {
  readonly discord: SimulatedDiscord;
  readonly bot: Bot;
  readonly recorder: Recorder;
  readonly capture: MemoryCapture;
  readonly writer: MemoryWriter;
  readonly links: Links;
  /** Somebody who may give the commands, in the voice channel. */
  readonly zoe: Person;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: Omit<Guild, "chat" | typeof Symbol.asyncDispose>, stack: AsyncDisposableStack) {
    this.discord = parts.discord;
    this.bot = parts.bot;
    this.recorder = parts.recorder;
    this.capture = parts.capture;
    this.writer = parts.writer;
    this.links = parts.links;
    this.zoe = parts.zoe;
    this.#stack = stack;
  }

  static async start(options: GuildOptions = {}): Promise<Guild> {
    await using stack = new AsyncDisposableStack();
    const discord = stack.use(await SimulatedDiscord.start({ dave: false }));
    options.prepare?.(discord);
    const zoe = discord.addPerson("Zoë");
    zoe.grant(PermissionFlagsBits.ManageGuild);
    const { DISCORD_TOKEN: token, DISCORD_API_URL: apiUrl } = discord.environment;
    const bot = stack.use(await Bot.start({ token, apiUrl, log }));
    const dataDir = mkdtempSync(join(tmpdir(), "discord-guild-"));
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    const catalog = await Catalog.open(dataDir);
    stack.defer(() => catalog.close());
    const capture = new MemoryCapture(bot.gateway);
    const writer = new MemoryWriter(capture);
    const { names, notices } = bot;
    const storage = new Storage(dataDir);
    const surroundings = { capture, writer, catalog, names, notices, storage, announce: false, log };
    const recorder = stack.use(await Recorder.start({ ...surroundings, diskReserveBytes: 0 }));
    const links = new Links({ publicUrl: "https://rec.example", secret: "s".repeat(32) });
    const { prepare: _, wentOn, ...serving } = options;
    const source = { recorder, links, retentionDays: 30 };
    const going = wentOn === undefined ? {} : { wentOn };
    const record = recordCommand({ ...source, notices, botUserId: bot.botUserId, ...going });
    await bot.serve({ ...source, commands: [record], ...serving });
    return new Guild({ discord, bot, recorder, capture, writer, links, zoe }, stack.move());
  }

  /** What everybody reads in the voice channel's chat, oldest first. */
  get chat(): readonly string[] {
    return this.discord.messages(this.discord.voiceChannel.id).map(({ content }) => content);
  }

  /** Closes everything, the bot before its Discord, and checks that the simulated Discord had nothing to complain of. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    assert.deepEqual(this.discord.problems, []);
  }
}
