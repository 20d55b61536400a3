import { DiscordAPIError, Events, MessageFlags, RESTJSONErrorCodes } from "discord.js";
import type { ChatInputCommandInteraction, Client, Interaction } from "discord.js";
import { messageOf, RecorderError, toErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Answer, Command } from "./command.ts";
import { MESSAGE_CHARACTERS } from "./markdown.ts";

/**
 * Lives on the main thread. The one place where interactions come in and answers go out: defers first, since Discord
 * waits three seconds only, runs the command, and turns every failure into words for the person who gave it.
 */
export class Dispatch {
  readonly #client: Client<true>;
  readonly #log: Log;
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #running = new Set<Promise<void>>();
  readonly #listener = (interaction: Interaction): void => this.#onInteraction(interaction);

  constructor(client: Client<true>, commands: readonly Command[], log: Log) {
    this.#client = client;
    this.#log = log;
    this.#commands = new Map(commands.map((command) => [command.definition.name, command]));
    client.on(Events.InteractionCreate, this.#listener);
  }

  /**
   * Tells Discord the commands, for all guilds at once. Always: replacing the list by the same one is one request that
   * changes nothing and counts against no limit, while comparing would need one as well.
   */
  async register(): Promise<void> {
    const definitions = [...this.#commands.values()].map(({ definition }) => definition);
    try {
      await this.#client.application.commands.set(definitions);
    } catch (error) {
      throw new RecorderError(
        "E-COMMANDS",
        `Discord did not take the commands: ${messageOf(error)}.`,
        "Start again; if it happens again, look whether Discord reports an outage.",
        { cause: error },
      );
    }
  }

  /** Takes no more commands and waits for the answers under way, at most so long. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#client.off(Events.InteractionCreate, this.#listener);
    try {
      await within(Promise.all(this.#running), timeoutMs, "Answering the last commands");
    } catch (error) {
      this.#log.warn(
        { open: this.#running.size, error: messageOf(error) },
        "commands left without an answer",
      );
    }
  }

  #onInteraction(interaction: Interaction): void {
    if (!interaction.isChatInputCommand()) return;
    const work = this.#handle(interaction).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  /** Never rejects. */
  async #handle(interaction: ChatInputCommandInteraction): Promise<void> {
    try {
      await interaction.deferReply({ flags: MessageFlags.Ephemeral });
      await reply(interaction, await this.#answer(interaction));
    } catch (error) {
      const { commandName, guildId } = interaction;
      // Too late: more than three seconds had passed, or the command was given to an older process too.
      const isGone = error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.UnknownInteraction;
      const text = isGone ? "command no longer known to Discord" : "command not answered";
      this.#log.warn({ command: commandName, guildId, error: messageOf(error) }, text);
    }
  }

  async #answer(interaction: ChatInputCommandInteraction): Promise<Answer> {
    const { commandName: command, guildId } = interaction;
    try {
      return await this.#command(interaction);
    } catch (error) {
      if (error instanceof RecorderError) {
        this.#log.info(
          { command, guildId, code: error.code, cause: messageOf(error.cause) },
          "command refused",
        );
        return [error.explanation];
      }
      this.#log.error({ command, guildId, error: toErrorData(error).detail }, "command failed");
      // The details are the operator's; the person gets a code to tell them.
      return [
        "Something unexpected failed. Try again; if it happens again, tell whoever runs this bot. (E-INTERNAL)",
      ];
    }
  }

  async #command(interaction: ChatInputCommandInteraction): Promise<Answer> {
    const command = this.#commands.get(interaction.commandName);
    if (command === undefined) {
      throw new RecorderError(
        "E-COMMAND",
        "I don't know this command any more.",
        "Discord still shows an older list; try again in a minute.",
      );
    }
    if (!interaction.inCachedGuild()) {
      throw new RecorderError(
        "E-GUILD",
        "I can record only in a server that I am a member of.",
        "Ask an admin to invite me with the scopes bot and applications.commands.",
      );
    }
    return command.run(interaction);
  }
}

async function reply(interaction: ChatInputCommandInteraction, answer: Answer): Promise<void> {
  const [first = "Done.", ...more] = answer.map((text) => text.slice(0, MESSAGE_CHARACTERS));
  await interaction.editReply({ content: first, allowedMentions: { parse: [] } });
  for (const content of more) {
    await interaction.followUp({ content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } });
  }
}
