/** The world as JSON: what REST answers and gateway dispatches carry. Pure. */
import type {
  APIApplication,
  APIBaseVoiceState,
  APIGuild,
  APIGuildMember,
  APIUser,
  GatewayGuildCreateDispatchData,
} from "discord-api-types/v10";
import type { Channel, Member, Plain, Role, VoiceState, World } from "./world.ts";

const CHANNEL_TYPES = { text: 0, dm: 1, voice: 2 } as const;

export function memberShape(member: Member): Plain<APIGuildMember, "flags"> {
  return {
    user: member.user,
    nick: member.nick,
    avatar: null,
    banner: null,
    roles: [...member.roleIds],
    joined_at: member.joinedAt,
    premium_since: null,
    deaf: false,
    mute: false,
    pending: false,
    communication_disabled_until: null,
    flags: 0,
  };
}

export type ChannelShape = { readonly id: string; readonly type: number; readonly [key: string]: unknown };

export function channelShape(world: World, channel: Channel): ChannelShape {
  const { id } = channel;
  const last_message_id = channel.messages.at(-1)?.id ?? null;
  if (channel.kind === "dm") {
    const recipient = world.members.get(channel.recipientId ?? "")?.user;
    return {
      id,
      type: CHANNEL_TYPES.dm,
      flags: 0,
      last_message_id,
      recipients: recipient ? [recipient] : [],
    };
  }
  const common = {
    id,
    type: CHANNEL_TYPES[channel.kind],
    guild_id: world.guildId,
    name: channel.name,
    position: channel.position,
    permission_overwrites: channel.overwrites.map((overwrite) => ({ ...overwrite })),
    parent_id: null,
    nsfw: false,
    rate_limit_per_user: 0,
    last_message_id,
    flags: 0,
  };
  if (channel.kind === "text") return { ...common, topic: null };
  return { ...common, bitrate: 64_000, user_limit: 0, rtc_region: null };
}

export function guildChannels(world: World): Channel[] {
  return [...world.channels.values()].filter((channel) => channel.kind !== "dm");
}

type GuildShape = Omit<
  Plain<
    APIGuild,
    | "default_message_notifications"
    | "explicit_content_filter"
    | "mfa_level"
    | "nsfw_level"
    | "preferred_locale"
    | "premium_tier"
    | "system_channel_flags"
    | "verification_level"
  >,
  "roles"
> & { readonly roles: readonly Role[] };

export function guildShape(world: World): GuildShape {
  return {
    id: world.guildId,
    name: world.guildName,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: world.owner.user.id,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 1,
    explicit_content_filter: 0,
    roles: [...world.roles.values()].map((role) => ({ ...role })),
    emojis: [],
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: world.textChannel.id,
    system_channel_flags: 0,
    rules_channel_id: null,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: 0,
    preferred_locale: "en-US",
    public_updates_channel_id: null,
    nsfw_level: 0,
    stickers: [],
    premium_progress_bar_enabled: false,
    hub_type: null,
    safety_alerts_channel_id: null,
    incidents_data: null,
  };
}

/**
 * A member's place in voice; with `channelId` null, that they left.
 * The guild's own list (GUILD_CREATE) lacks `guild_id` and `member`; `voiceUpdateShape` adds them.
 */
export function voiceStateShape(state: VoiceState, channelId: string | null): APIBaseVoiceState {
  return {
    channel_id: channelId,
    user_id: state.userId,
    session_id: state.sessionId,
    deaf: state.deaf ?? false,
    mute: false,
    self_deaf: state.selfDeaf,
    self_mute: state.selfMute,
    self_video: false,
    suppress: false,
    request_to_speak_timestamp: null,
  };
}

/** What VOICE_STATE_UPDATE carries. */
export function voiceUpdateShape(world: World, state: VoiceState, channelId: string | null): unknown {
  const member = world.members.get(state.userId);
  return {
    ...voiceStateShape(state, channelId),
    guild_id: world.guildId,
    ...(member === undefined ? {} : { member: memberShape(member) }),
  };
}

/** What GUILD_CREATE carries. Without the members intent: only the bot and who sits in a voice channel, as in life. */
export function guildCreateShape(world: World, allMembers: boolean, voice: boolean): unknown {
  const visible = [...world.members.values()].filter(
    ({ user }) => allMembers || user.id === world.bot.user.id || (voice && world.voiceStates.has(user.id)),
  );
  const sentOnlyHere: Omit<
    GatewayGuildCreateDispatchData,
    keyof APIGuild | "channels" | "members" | "threads"
  > = {
    joined_at: world.bot.joinedAt,
    large: false,
    unavailable: false,
    member_count: world.members.size,
    voice_states: voice
      ? [...world.voiceStates.values()].map((state) => voiceStateShape(state, state.channelId))
      : [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
  return {
    ...guildShape(world),
    ...sentOnlyHere,
    members: visible.map((member) => memberShape(member)),
    channels: guildChannels(world).map((channel) => channelShape(world, channel)),
    threads: [],
  };
}

/** The bot's own user, as /users/@me and READY tell it. */
export function selfShape(world: World): APIUser {
  return { ...world.bot.user, mfa_enabled: true, verified: true, locale: "en-US", email: null };
}

export function applicationShape(
  world: World,
): Partial<Omit<APIApplication, "flags">> & { readonly flags: number } {
  const { id } = world.bot.user;
  return {
    id,
    name: "Recorder",
    icon: null,
    description: "",
    bot_public: false,
    bot_require_code_grant: false,
    verify_key: "0".repeat(64),
    flags: 0,
    bot: world.bot.user,
    owner: world.owner.user,
    team: null,
    approximate_guild_count: 1,
  };
}
