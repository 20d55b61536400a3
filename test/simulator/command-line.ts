import type { Commands } from "./commands.ts";
import type { Interaction } from "./interaction.ts";
import type { Interactions } from "./interactions.ts";
import { allows } from "./permissions.ts";
import { slashCommandData } from "./slash-command.ts";
import type { OptionValues } from "./slash-command.ts";
import type { Message, World } from "./world.ts";

export type CommandOptions = {
  /** Where the command is typed; by default the text channel. */
  readonly channelId?: string;
  /** What to wait for: the answer's first text (default) or only that the bot acknowledged the command. */
  readonly wait?: "answer" | "acknowledgement";
  /** How long to wait for it, a minute by default. */
  readonly timeoutMs?: number;
};

const REGISTRATION_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** Whoever types or presses. */
type Author = { readonly id: string; readonly name: string };

/** Lives on the simulator's thread: what people do with the bot in Discord's client, with the client's own checks. */
export class CommandLine {
  readonly #world: World;
  readonly #commands: Commands;
  readonly #interactions: Interactions;

  constructor(world: World, commands: Commands, interactions: Interactions) {
    this.#world = world;
    this.#commands = commands;
    this.#interactions = interactions;
  }

  /** Sends a slash command as soon as it is registered; see `SimulatedDiscord.command`. */
  async type(
    author: Author,
    path: string,
    values: OptionValues = {},
    options: CommandOptions = {},
  ): Promise<Interaction> {
    const steps = path.split(" ");
    const name = steps[0] ?? "";
    const command = await this.#commands.registered(name, this.#world.guildId, REGISTRATION_TIMEOUT_MS);
    const channel = this.#world.requireChannel(options.channelId ?? this.#world.textChannel.id);
    const needed = command.default_member_permissions;
    if (needed && !allows(this.#world.permissions(author.id, channel), BigInt(needed))) {
      throw new Error(`Discord does not show /${name} to ${author.name}: it needs permissions ${needed}.`);
    }
    const data = slashCommandData(this.#world, command, steps, values, author.id);
    const interaction = this.#interactions.send(author.id, channel.id, data);
    const onlyAcknowledged = options.wait === "acknowledgement";
    return await interaction.until(
      ({ state }) => state === "answered" || (onlyAcknowledged && state === "deferred"),
      options.timeoutMs ?? ANSWER_TIMEOUT_MS,
    );
  }

  /** Presses a button of a message; see `SimulatedDiscord.press`. */
  async press(author: Author, message: Message, customId: string): Promise<Interaction> {
    const data = { component_type: 2, custom_id: customId, id: 0 };
    const interaction = this.#interactions.send(author.id, message.channel_id, data, message);
    return await interaction.until(({ state }) => state === "answered" || state === "deferred");
  }
}
