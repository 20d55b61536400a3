import { GatewayIntentBits, OverwriteType } from "discord-api-types/v10";
import type { Gateway } from "./gateway.ts";
import { announceMember } from "./guild-routes.ts";
import { channelShape, memberShape } from "./shapes.ts";
import type { Channel, ChannelKind, Member, World } from "./world.ts";

/** Lives on the simulator's thread: what the owner of the guild changes in it, and its bot learns of. */
export class GuildOwner {
  readonly #world: World;
  readonly #gateway: Gateway;

  constructor(world: World, gateway: Gateway) {
    this.#world = world;
    this.#gateway = gateway;
  }

  addMember(name: string): Member {
    const member = this.#world.addPerson(name);
    const event = { ...memberShape(member), guild_id: this.#world.guildId };
    this.#gateway.dispatch("GUILD_MEMBER_ADD", event, GatewayIntentBits.GuildMembers);
    return member;
  }

  addChannel(kind: Exclude<ChannelKind, "dm">, name: string): Channel {
    const channel = this.#world.addChannel(kind, name);
    this.#announceChannel("CHANNEL_CREATE", channel);
    return channel;
  }

  /** Nobody may sit in it any more. */
  deleteChannel(channelId: string): void {
    const channel = this.#world.requireChannel(channelId);
    this.#world.channels.delete(channelId);
    this.#announceChannel("CHANNEL_DELETE", channel);
  }

  setBotPermissions(permissions: bigint): void {
    this.#world.botRole.permissions = String(permissions);
    const event = { guild_id: this.#world.guildId, role: this.#world.botRole };
    this.#gateway.dispatch("GUILD_ROLE_UPDATE", event, GatewayIntentBits.Guilds);
  }

  denyBot(channelId: string, permissions: bigint): void {
    const channel = this.#world.requireChannel(channelId);
    const id = this.#world.bot.user.id;
    channel.overwrites.splice(0, channel.overwrites.length, {
      id,
      type: OverwriteType.Member,
      allow: "0",
      deny: String(permissions),
    });
    this.#announceChannel("CHANNEL_UPDATE", channel);
  }

  setBotNickname(nick: string | null): void {
    this.#world.bot.nick = nick;
    announceMember(this.#world, this.#gateway, this.#world.bot);
  }

  #announceChannel(event: string, channel: Channel): void {
    this.#gateway.dispatch(event, channelShape(this.#world, channel), GatewayIntentBits.Guilds);
  }
}
