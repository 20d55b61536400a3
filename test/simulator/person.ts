import { GatewayIntentBits } from "discord-api-types/v10";
import type { Gateway } from "./gateway.ts";
import type { Speech } from "./people/speech.ts";
import { announceMember } from "./guild-routes.ts";
import { voiceUpdateShape } from "./shapes.ts";
import { snowflake } from "./snowflake.ts";
import type { Seat, SenderTraits, VoiceService } from "./voice/voice-service.ts";
import type { Channel, Member, World } from "./world.ts";

export type SentFrame = Seat["sent"][number];

/** Lives on the simulator's thread: somebody in the simulated guild, who joins voice channels and speaks. */
export class Person {
  readonly #world: World;
  readonly #gateway: Gateway;
  readonly #voice: VoiceService;
  readonly #member: Member;
  /** Every seat taken so far; the last one counts while `#seated`. */
  readonly #seats: Seat[] = [];
  #seated = false;

  constructor(world: World, gateway: Gateway, voice: VoiceService, member: Member) {
    this.#world = world;
    this.#gateway = gateway;
    this.#voice = voice;
    this.#member = member;
  }

  get id(): string {
    return this.#member.user.id;
  }

  /** What others read: the nickname, else the name the person was made with. */
  get name(): string {
    return this.#member.nick ?? this.#member.user.global_name ?? this.#member.user.username;
  }

  /** Frames sent since the person exists, over all channels, oldest first, with send times. */
  get sent(): readonly SentFrame[] {
    return this.#seats.length === 1
      ? (this.#seats[0]?.sent ?? [])
      : this.#seats.flatMap((seat) => [...seat.sent]);
  }

  /** The seat taken last, with what the voice side offers beyond this class; undefined before the first join. */
  get seat(): Seat | undefined {
    return this.#seats.at(-1);
  }

  /** The channel the person sits in. */
  get channelId(): string | undefined {
    return this.#world.voiceStates.get(this.id)?.channelId;
  }

  /** Messages the bot sent the person directly. */
  get directMessages(): Channel["messages"] {
    return this.#world.directChannel(this.id).messages;
  }

  /** Sits down in a voice channel (by default the first one), leaving another one first. */
  async join(channelId: string = this.#world.voiceChannel.id, traits: SenderTraits = {}): Promise<void> {
    if (this.#seated) await this.#stand();
    const channel = this.#world.requireChannel(channelId);
    if (channel.kind !== "voice") throw new Error(`"${channel.name}" is no voice channel.`);
    const sessionId = `person-${this.id}-${this.#seats.length}`;
    const state = { userId: this.id, channelId, sessionId, selfMute: false, selfDeaf: false };
    this.#world.voiceStates.set(this.id, state);
    this.#announce(channelId);
    const { guildId } = this.#world;
    this.#seats.push(await this.#voice.seat({ guildId, channelId, userId: this.id, traits }));
    this.#seated = true;
  }

  /** Leaves voice; nothing happens when the person is nowhere. */
  async leave(): Promise<void> {
    if (!this.#seated) return;
    await this.#stand();
    this.#announce(null);
    this.#world.voiceStates.delete(this.id);
  }

  /** Speaks; resolves when the last frame has been sent. Rejects when the person sits nowhere. */
  async say(speech: Speech): Promise<void> {
    const seat = this.#seats.at(-1);
    if (!this.#seated || seat === undefined) throw new Error(`${this.name} is in no voice channel.`);
    await seat.say(speech);
  }

  /** Shows as muted or deafened by themselves; null leaves that as it is. */
  setVoice(selfMute: boolean | null, selfDeaf: boolean | null): void {
    const state = this.#world.voiceStates.get(this.id);
    if (state === undefined) throw new Error(`${this.name} is in no voice channel.`);
    state.selfMute = selfMute ?? state.selfMute;
    state.selfDeaf = selfDeaf ?? state.selfDeaf;
    this.#announce(state.channelId);
  }

  /** Takes another nickname, null for none. */
  setNickname(nick: string | null): void {
    this.#member.nick = nick;
    announceMember(this.#world, this.#gateway, this.#member);
  }

  /** Gives the person a role of their own with these permissions, on top of an ordinary member's. */
  grant(permissions: bigint): void {
    const role = this.#world.addRole(snowflake(), `${this.name}'s role`, permissions);
    this.#member.roleIds.push(role.id);
    this.#gateway.dispatch(
      "GUILD_ROLE_CREATE",
      { guild_id: this.#world.guildId, role },
      GatewayIntentBits.Guilds,
    );
    announceMember(this.#world, this.#gateway, this.#member);
  }

  async #stand(): Promise<void> {
    this.#seated = false;
    await this.#seats.at(-1)?.leave();
  }

  #announce(channelId: string | null): void {
    const state = this.#world.voiceStates.get(this.id);
    if (state === undefined) return;
    this.#gateway.dispatch(
      "VOICE_STATE_UPDATE",
      voiceUpdateShape(this.#world, state, channelId),
      GatewayIntentBits.GuildVoiceStates,
    );
  }
}
