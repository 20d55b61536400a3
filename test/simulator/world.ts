import type { APIMessage, APIOverwrite, APIRole, APIUser } from "discord-api-types/v10";
import { BOT_PERMISSIONS, MEMBER_PERMISSIONS, permissionsOf } from "./permissions.ts";
import { snowflake } from "./snowflake.ts";

/** A Discord object whose enumerated fields are the plain numbers and strings they are on the wire. */
export type Plain<T, Field extends keyof T> = Omit<T, Field> & Record<Field, number | string>;

/** A role; it changes when a test changes permissions. */
export type Role = Plain<APIRole, "flags">;

/** A message as the wire has it. */
export type Message = Omit<APIMessage, "flags"> & { flags: number };

export type ChannelKind = "text" | "voice" | "dm";

/** A channel of the guild, or a direct-message channel with one person. */
export type Channel = {
  readonly id: string;
  readonly kind: ChannelKind;
  name: string;
  readonly position: number;
  readonly overwrites: APIOverwrite[];
  /** Direct messages only. */
  readonly recipientId: string | undefined;
  /** Oldest first. */
  readonly messages: Message[];
};

export type Member = {
  readonly user: APIUser;
  nick: string | null;
  readonly roleIds: string[];
  readonly joinedAt: string;
};

/** Where somebody sits. */
export type VoiceState = {
  readonly userId: string;
  channelId: string;
  sessionId: string;
  selfMute: boolean;
  selfDeaf: boolean;
  /** By somebody who may: the server sends them no media. */
  deaf?: boolean;
};

/**
 * Lives on the simulator's thread: all that is true in the simulated Discord, without any wire. One guild with an owner,
 * the bot, a text channel and a voice channel. It tells nobody of changes; whoever changes it dispatches the event.
 */
export class World {
  readonly guildId = snowflake();
  readonly guildName: string;
  readonly bot: Member;
  /** The bot's own managed role: it carries all the bot may do, since @everyone may do nothing here. */
  readonly botRole: Role;
  readonly owner: Member;
  readonly roles = new Map<string, Role>();
  readonly members = new Map<string, Member>();
  readonly channels = new Map<string, Channel>();
  readonly voiceStates = new Map<string, VoiceState>();
  readonly textChannel: Channel;
  readonly voiceChannel: Channel;
  readonly #memberRole: Role;

  constructor(guildName: string) {
    this.guildName = guildName;
    this.addRole(this.guildId, "@everyone", 0n);
    this.#memberRole = this.addRole(snowflake(), "Member", MEMBER_PERMISSIONS);
    const bot = user("recorder", null, true);
    this.botRole = this.addRole(snowflake(), "Recorder", BOT_PERMISSIONS, bot.id);
    this.bot = this.#addMember(bot, this.botRole.id);
    this.owner = this.#addMember(user("owner", "Owner", false), this.#memberRole.id);
    this.textChannel = this.addChannel("text", "general");
    this.voiceChannel = this.addChannel("voice", "Meeting room");
  }

  /** A new role; `botId` makes it the managed role of that bot. */
  addRole(id: string, name: string, permissions: bigint, botId?: string): Role {
    const role: Role = {
      id,
      name,
      color: 0,
      colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
      hoist: false,
      position: this.roles.size,
      permissions: String(permissions),
      managed: botId !== undefined,
      mentionable: false,
      flags: 0,
      ...(botId === undefined ? {} : { tags: { bot_id: botId } }),
    };
    this.roles.set(id, role);
    return role;
  }

  /** A new person with an ordinary member's permissions. */
  addPerson(name: string): Member {
    return this.#addMember(user(name, name, false), this.#memberRole.id);
  }

  addChannel(kind: ChannelKind, name: string, recipientId?: string): Channel {
    const id = snowflake();
    const position = this.channels.size;
    const channel: Channel = { id, kind, name, position, overwrites: [], recipientId, messages: [] };
    this.channels.set(id, channel);
    return channel;
  }

  /** The direct-message channel with a person, made at the first use. */
  directChannel(recipientId: string): Channel {
    for (const channel of this.channels.values()) if (channel.recipientId === recipientId) return channel;
    return this.addChannel("dm", "", recipientId);
  }

  /** The user's permissions in the guild, or in one of its channels; none for strangers. */
  permissions(userId: string, channel?: Channel): bigint {
    const member = this.members.get(userId);
    if (member === undefined) return 0n;
    const subject = { userId, isOwner: userId === this.owner.user.id, roleIds: member.roleIds };
    return permissionsOf(subject, this.guildId, this.roles, channel?.overwrites);
  }

  /** The guild channel of that id; throws when there is none, since a test named it. */
  requireChannel(channelId: string): Channel {
    const channel = this.channels.get(channelId);
    if (channel === undefined) throw new Error(`The simulated guild has no channel ${channelId}.`);
    return channel;
  }

  #addMember(user: APIUser, roleId: string): Member {
    const member: Member = { user, nick: null, roleIds: [roleId], joinedAt: new Date().toISOString() };
    this.members.set(user.id, member);
    return member;
  }
}

/** User names are lower-case ASCII on Discord; what people read is the global name. */
function user(name: string, globalName: string | null, bot: boolean): APIUser {
  const id = snowflake();
  const ascii = name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]/g, "");
  const username = ascii === "" ? `user${id.slice(-6)}` : ascii;
  return { id, username, discriminator: "0", global_name: globalName, avatar: null, bot };
}
