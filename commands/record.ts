import { setTimeout as sleep } from "node:timers/promises";
import { ChannelType, InteractionContextType, PermissionFlagsBits, SlashCommandBuilder } from "discord.js";
import type { VoiceBasedChannel } from "discord.js";
import type { Answer, Command, GuildCommandInteraction } from "../src/discord/command.ts";
import { oneLine } from "../src/discord/markdown.ts";
import type { GuildNotices } from "../src/discord/notice.ts";
import { checkChannel } from "../src/discord/permissions.ts";
import { startedAnswer, statusAnswer, stoppedAnswer } from "../src/discord/recording-text.ts";
import type { LinkSource } from "../src/discord/recording-text.ts";
import { RecorderError } from "../src/errors.ts";
import type { Recorder } from "../src/recordings/recorder.ts";

/** `/record start|stop|status`. */

const MAX_TITLE_CHARACTERS = 100;

/** How long `stop` and `status` wait for a recording that is about to go on after a crash. */
const GOING_ON_MS = 10_000;

const definition = new SlashCommandBuilder()
  .setName("record")
  .setDescription("Record a voice channel: one WAV per person, all in sync")
  .setContexts(InteractionContextType.Guild)
  // A default that admins can loosen for roles and channels in the server's settings.
  .setDefaultMemberPermissions(PermissionFlagsBits.ManageGuild)
  .addSubcommand((start) =>
    start
      .setName("start")
      .setDescription("Join a voice channel and record it")
      .addChannelOption((channel) =>
        channel
          .setName("channel")
          .setDescription("The voice channel; yours unless given")
          .addChannelTypes(ChannelType.GuildVoice, ChannelType.GuildStageVoice),
      )
      .addStringOption((channels) =>
        channels
          .setName("channels")
          .setDescription("Mono (the default) or stereo tracks")
          .addChoices({ name: "mono", value: "mono" }, { name: "stereo", value: "stereo" }),
      )
      .addStringOption((title) =>
        title
          .setName("title")
          .setDescription("What the recording is called")
          .setMaxLength(MAX_TITLE_CHARACTERS),
      ),
  )
  .addSubcommand((stop) => stop.setName("stop").setDescription("End the recording and get the links"))
  .addSubcommand((status) => status.setName("status").setDescription("What is being recorded here"))
  .toJSON();

export type RecordCommandOptions = LinkSource & {
  readonly recorder: Pick<Recorder, "start" | "stop" | "status">;
  readonly notices: Pick<GuildNotices, "offerFallback">;
  readonly botUserId: string;
  /** Resolves when the recordings of a process that died have gone on, or will not; nothing unless there may be some. */
  readonly wentOn?: () => Promise<void>;
};

/** The command on this recorder. */
export function recordCommand(options: RecordCommandOptions): Command {
  const actions = new Map([
    ["start", start],
    ["stop", stop],
    ["status", status],
  ]);
  return {
    definition,
    run: async (interaction) => {
      const action = actions.get(interaction.options.getSubcommand());
      if (action === undefined) throw new Error("unknown subcommand of /record");
      return action(interaction, options);
    },
  };
}

async function start(interaction: GuildCommandInteraction, options: RecordCommandOptions): Promise<Answer> {
  const { guild, member } = interaction;
  const running = options.recorder.status(guild.id);
  // One that is finishing is refused by the recorder, which knows how that stands.
  if (running !== undefined && running.manifest.state !== "finishing") {
    throw new RecorderError(
      "E-ALREADY-RECORDING",
      `I'm already recording <#${running.manifest.channel.id}> here.`,
      "End that recording with /record stop first.",
    );
  }
  const channel = channelOf(interaction);
  checkChannel(channel, guild.members.me ?? (await guild.members.fetchMe()), member);
  options.notices.offerFallback(guild.id, interaction.channelId);
  const manifest = await options.recorder.start({
    guild: { id: guild.id, name: guild.name },
    channel: { id: channel.id, name: channel.name },
    startedBy: { id: member.id, name: member.displayName },
    botUserId: options.botUserId,
    channels: interaction.options.getString("channels") === "stereo" ? 2 : 1,
    title: titleOf(interaction),
  });
  return startedAnswer(manifest, options);
}

async function stop(interaction: GuildCommandInteraction, options: RecordCommandOptions): Promise<Answer> {
  await knownWhatRuns(interaction.guildId, options);
  return stoppedAnswer(await options.recorder.stop(interaction.guildId), options);
}

async function status(interaction: GuildCommandInteraction, options: RecordCommandOptions): Promise<Answer> {
  await knownWhatRuns(interaction.guildId, options);
  const running = options.recorder.status(interaction.guildId);
  if (running === undefined) return ["Nothing is being recorded here. `/record start` begins."];
  return statusAnswer(running.manifest, options);
}

/**
 * After a crash a recording may be about to go on: whoever asks just then means that one. While that is not known, nobody
 * is told that nothing is recorded.
 */
async function knownWhatRuns(guildId: string, { recorder, wentOn }: RecordCommandOptions): Promise<void> {
  if (wentOn === undefined || recorder.status(guildId) !== undefined) return;
  const known = await Promise.race([wentOn().then(() => true), sleep(GOING_ON_MS, false, { ref: false })]);
  if (known || recorder.status(guildId) !== undefined) return;
  throw new RecorderError(
    "E-STARTING",
    "I have just been started, and do not know yet whether a recording goes on here.",
    "Try again in a minute.",
  );
}

function channelOf(interaction: GuildCommandInteraction): VoiceBasedChannel {
  const chosen = interaction.options.getChannel("channel");
  const own = interaction.guild.voiceStates.cache.get(interaction.user.id)?.channel ?? null;
  const channel = chosen ?? own;
  if (channel === null) {
    throw new RecorderError(
      "E-NO-CHANNEL",
      "You are not in a voice channel.",
      "Join one, or name one with the option channel, then run /record start again.",
    );
  }
  if (!channel.isVoiceBased()) {
    throw new RecorderError(
      "E-NO-CHANNEL",
      `${channel.toString()} is not a voice channel.`,
      "Choose a voice channel, then run /record start again.",
    );
  }
  return channel;
}

function titleOf(interaction: GuildCommandInteraction): string | undefined {
  const title = oneLine(interaction.options.getString("title") ?? "", MAX_TITLE_CHARACTERS);
  return title === "" ? undefined : title;
}
