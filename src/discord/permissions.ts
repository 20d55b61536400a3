import { ChannelType, PermissionFlagsBits } from "discord.js";
import type { GuildMember, VoiceBasedChannel } from "discord.js";
import { RecorderError } from "../errors.ts";

/** What joining and announcing needs in the channel, by the names Discord's settings show. */
const NEEDED = [
  ["View Channel", PermissionFlagsBits.ViewChannel],
  ["Connect", PermissionFlagsBits.Connect],
  ["Speak", PermissionFlagsBits.Speak],
] as const;

/** Names of the permissions the bot lacks to record there; empty when it has them all. */
export function missingPermissions(channel: VoiceBasedChannel, bot: GuildMember): readonly string[] {
  const granted = channel.permissionsFor(bot);
  return NEEDED.filter(([, bit]) => !granted.has(bit)).map(([name]) => name);
}

/**
 * Whether this person may have this channel recorded by this bot; throws the refusal.
 * `E-STAGE`, `E-CONNECT`, `E-CHANNEL-FULL`, `E-NOT-ALLOWED`.
 */
export function checkChannel(channel: VoiceBasedChannel, bot: GuildMember, person: GuildMember): void {
  if (channel.type === ChannelType.GuildStageVoice) {
    throw new RecorderError(
      "E-STAGE",
      `${channel.toString()} is a stage, and I record voice channels only.`,
      "Move to a voice channel, then run /record start again.",
    );
  }
  checkPerson(channel, person);
  const missing = missingPermissions(channel, bot);
  if (missing.length > 0) {
    throw new RecorderError(
      "E-CONNECT",
      `I can't join ${channel.toString()}: I lack ${listOf(missing)} there.`,
      `Ask an admin to allow ${missing.length === 1 ? "it" : "them"}, then run /record start again.`,
    );
  }
  if (isFullFor(channel, bot)) {
    throw new RecorderError(
      "E-CHANNEL-FULL",
      `I can't join ${channel.toString()}: it is full (${channel.userLimit} people).`,
      "Raise its user limit or allow me **Move Members** there, then run /record start again.",
    );
  }
}

/** Recording a channel is hearing it: nobody gets more of it by the bot than by themselves. */
function checkPerson(channel: VoiceBasedChannel, person: GuildMember): void {
  const isInside = person.guild.voiceStates.cache.get(person.id)?.channelId === channel.id;
  const entry = PermissionFlagsBits.ViewChannel | PermissionFlagsBits.Connect;
  if (isInside || channel.permissionsFor(person).has(entry)) return;
  throw new RecorderError(
    "E-NOT-ALLOWED",
    `You can't join ${channel.toString()} yourself, so I won't record it for you.`,
    "Ask somebody who can, or an admin to let you in.",
  );
}

function isFullFor(channel: VoiceBasedChannel, bot: GuildMember): boolean {
  if (channel.userLimit === 0) return false;
  // Move Members lets the bot into a full channel (Discord, "Permissions").
  if (channel.permissionsFor(bot).has(PermissionFlagsBits.MoveMembers)) return false;
  const inside = channel.guild.voiceStates.cache.filter((state) => state.channelId === channel.id);
  return !inside.has(bot.id) && inside.size >= channel.userLimit;
}

/** `**Connect** and **Speak**`. */
function listOf(names: readonly string[]): string {
  const bold = names.map((name) => `**${name}**`);
  const last = bold.pop() ?? "";
  return bold.length === 0 ? last : `${bold.join(", ")} and ${last}`;
}
