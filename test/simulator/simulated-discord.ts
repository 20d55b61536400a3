import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BotVoice } from "./bot-voice.ts";
import { CommandLine } from "./command-line.ts";
import type { CommandOptions } from "./command-line.ts";
import { Commands } from "./commands.ts";
import { Faults } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import { GuildOwner } from "./guild-owner.ts";
import type { Interaction } from "./interaction.ts";
import { Interactions } from "./interactions.ts";
import { Messages } from "./messages.ts";
import { Person } from "./person.ts";
import { RestServer } from "./rest.ts";
import { restRoutes } from "./routes.ts";
import type { OptionValues } from "./slash-command.ts";
import { VoiceService } from "./voice/voice-service.ts";
import type { Channel, Message } from "./world.ts";
import { World } from "./world.ts";

export type SimulationOptions = {
  /** Whether voice channels are end-to-end encrypted. */
  readonly dave: boolean;
  readonly guildName?: string;
  /** Default 41,250 ms, as Discord's. */
  readonly heartbeatIntervalMs?: number;
  /** Whether the application was granted the privileged intents; without, asking for them closes with 4014. */
  readonly privilegedIntents?: boolean;
  /** IPv4 address of this machine on which everything listens, default 127.0.0.1; that of a container bridge for bots in containers. */
  readonly host?: string;
};

/**
 * Lives on the thread that starts it: a whole Discord with one guild on this machine, for tests and the demo. Unmodified
 * discord.js and @discordjs/voice talk to it. By default it listens on loopback alone.
 */
export class SimulatedDiscord {
  readonly world: World;
  readonly gateway: Gateway;
  readonly rest: RestServer;
  /** The voice side, with its own faults. */
  readonly voice: VoiceService;
  readonly commands: Commands;
  readonly botVoice: BotVoice;
  readonly faults: Faults;
  readonly token: string;
  readonly people: Person[] = [];
  readonly #owner: GuildOwner;
  readonly #commandLine: CommandLine;
  readonly #interactions: Interactions;
  readonly #problems: string[] = [];
  readonly #folder: string;
  #host = "";
  #port = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: SimulationOptions, voice: VoiceService) {
    const problem = (text: string): void => void this.#problems.push(text);
    this.voice = voice;
    this.world = new World(options.guildName ?? "Simulated guild");
    const { bot } = this.world;
    this.token = `${Buffer.from(bot.user.id).toString("base64url")}.simul.${randomBytes(28).toString("base64url")}`;
    this.gateway = new Gateway({
      world: this.world,
      token: this.token,
      heartbeatIntervalMs: options.heartbeatIntervalMs ?? 41_250,
      privilegedIntents: options.privilegedIntents ?? false,
      problem,
      onVoiceWish: (sessionId, wish) => this.botVoice.wish(sessionId, wish),
      onSessionEnd: (sessionId) => {
        if (this.botVoice.state?.sessionId === sessionId) this.botVoice.leave();
      },
    });
    this.#owner = new GuildOwner(this.world, this.gateway);
    this.botVoice = new BotVoice(this.world, this.gateway, voice);
    this.commands = new Commands(bot.user.id);
    const messages = new Messages(this.world, this.gateway);
    this.#interactions = new Interactions(this.world, this.gateway, messages, problem);
    const { world, gateway, commands } = this;
    this.#commandLine = new CommandLine(world, commands, this.#interactions);
    const routes = restRoutes({ world, gateway, commands, messages, interactions: this.#interactions });
    this.rest = new RestServer({ token: this.token, routes, problem });
    this.faults = new Faults(this.gateway, this.rest, this.botVoice);
    this.#folder = mkdtempSync(join(tmpdir(), "simulated-discord-"));
    writeFileSync(join(this.#folder, "ca.pem"), voice.caPem);
  }

  /** Starts everything on free ports. */
  static async start(options: SimulationOptions): Promise<SimulatedDiscord> {
    const { host = "127.0.0.1" } = options;
    const voice = await VoiceService.start({ dave: options.dave, host });
    const discord = new SimulatedDiscord(options, voice);
    try {
      discord.#host = host;
      discord.#port = await discord.rest.listen(host);
      discord.gateway.attach(discord.rest.server, host, discord.#port);
      return discord;
    } catch (error) {
      await discord.close();
      throw error;
    }
  }

  /** What a process needs to run its bot here. */
  get environment(): {
    readonly DISCORD_TOKEN: string;
    readonly DISCORD_API_URL: string;
    readonly NODE_EXTRA_CA_CERTS: string;
  } {
    return {
      DISCORD_TOKEN: this.token,
      DISCORD_API_URL: `http://${this.#host}:${this.#port}/api`,
      NODE_EXTRA_CA_CERTS: join(this.#folder, "ca.pem"),
    };
  }

  get guild(): { readonly id: string; readonly name: string } {
    return { id: this.world.guildId, name: this.world.guildName };
  }

  get bot(): { readonly id: string } {
    return { id: this.world.bot.user.id };
  }

  /** The voice channel made at the start. */
  get voiceChannel(): { readonly id: string; readonly name: string } {
    return this.world.voiceChannel;
  }

  /** The text channel made at the start. */
  get textChannel(): { readonly id: string; readonly name: string } {
    return this.world.textChannel;
  }

  /** The bot's nickname in the guild; null without one. */
  get botNickname(): string | null {
    return this.world.bot.nick;
  }

  /** Where the bot sits, as the main gateway sees it. */
  get botChannelId(): string | undefined {
    return this.botVoice.state?.channelId;
  }

  /** What should not have happened: unknown routes, protocol violations, late answers. Tests assert that it is empty. */
  get problems(): readonly string[] {
    return [...this.#problems, ...this.voice.problems];
  }

  addPerson(name: string): Person {
    const person = new Person(this.world, this.gateway, this.voice, this.#owner.addMember(name));
    this.people.push(person);
    return person;
  }

  addVoiceChannel(name: string): Channel {
    return this.#owner.addChannel("voice", name);
  }

  addTextChannel(name: string): Channel {
    return this.#owner.addChannel("text", name);
  }

  /** Deletes a channel with everybody in it. */
  async deleteChannel(channelId: string): Promise<void> {
    if (this.botChannelId === channelId) this.botVoice.leave();
    for (const person of this.people) if (person.channelId === channelId) await person.leave();
    this.#owner.deleteChannel(channelId);
  }

  /** From now on the bot may do exactly this, in the whole guild. */
  setBotPermissions(permissions: bigint): void {
    this.#owner.setBotPermissions(permissions);
  }

  /** Takes permissions from the bot in one channel (a channel overwrite); 0n gives them back. */
  denyBot(channelId: string, permissions: bigint): void {
    this.#owner.denyBot(channelId, permissions);
  }

  /** Changes the bot's nickname, as any admin may. */
  setBotNickname(nick: string | null): void {
    this.#owner.setBotNickname(nick);
  }

  /** Everything said in a channel that everybody sees, oldest first. */
  messages(channelId: string): readonly Message[] {
    return this.world.requireChannel(channelId).messages;
  }

  /**
   * A person types a slash command, such as `"record start"`, and waits for the bot. Rejects when the bot does not
   * register it in time, when Discord's client would not send it, and when the bot leaves it unanswered.
   */
  command(
    person: Person,
    path: string,
    values?: OptionValues,
    options?: CommandOptions,
  ): Promise<Interaction> {
    return this.#commandLine.type(person, path, values, options);
  }

  /** A person presses a button of a message; resolves when the bot acknowledged. */
  press(person: Person, message: Message, customId: string): Promise<Interaction> {
    return this.#commandLine.press(person, message, customId);
  }

  /** Ends everything and removes the certificate; connections are dropped. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#interactions.close();
      this.gateway.close();
      await this.rest.close();
      await this.voice.close();
      rmSync(this.#folder, { recursive: true, force: true });
    })();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
