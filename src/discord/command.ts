import type {
  ChatInputCommandInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from "discord.js";

/** A slash command given in a guild the bot is a member of. */
export type GuildCommandInteraction = ChatInputCommandInteraction<"cached">;

/** The messages of an answer, at least one, each within Discord's 2,000 characters. */
export type Answer = readonly string[];

/** One slash command; `commands/` has one file for each. */
export type Command = {
  /** As registered with Discord. */
  readonly definition: RESTPostAPIChatInputApplicationCommandsJSONBody;
  /**
   * Does it and says what became of it. The reply is already deferred, ephemerally: there are 15 minutes. Expected
   * failures are thrown as RecorderError, whose explanation the person sees.
   */
  run(interaction: GuildCommandInteraction): Promise<Answer>;
};
