import { GatewayIntentBits, PermissionFlagsBits } from "discord-api-types/v10";
import type { Gateway, VoiceWish } from "./gateway.ts";
import { allows } from "./permissions.ts";
import { voiceUpdateShape } from "./shapes.ts";
import type { VoiceService } from "./voice/voice-service.ts";
import type { VoiceState, World } from "./world.ts";

const NEEDED = PermissionFlagsBits.ViewChannel | PermissionFlagsBits.Connect;

/** What comes before the rest when the bot is moved: its voice websocket's closing, or its new voice server. */
export type MoveOrder = { readonly closeFirst: boolean; readonly serverFirst: boolean };

/** Lives on the simulator's thread: the bot's place in voice, between the main gateway and the voice server. */
export class BotVoice {
  readonly #world: World;
  readonly #gateway: Gateway;
  readonly #voice: VoiceService;

  constructor(world: World, gateway: Gateway, voice: VoiceService) {
    this.#world = world;
    this.#gateway = gateway;
    this.#voice = voice;
  }

  get #botId(): string {
    return this.#world.bot.user.id;
  }

  get state(): VoiceState | undefined {
    return this.#world.voiceStates.get(this.#botId);
  }

  /** What op 4 asks for. Without permission Discord answers nothing at all, and neither do we. */
  wish(sessionId: string, wish: VoiceWish): void {
    const { channelId, selfMute, selfDeaf } = wish;
    if (channelId === null) return this.leave();
    const channel = this.#world.channels.get(channelId);
    if (channel?.kind !== "voice" || !allows(this.#world.permissions(this.#botId, channel), NEEDED)) return;
    const before = this.state;
    const onlyMutes =
      before?.channelId === channelId &&
      before.sessionId === sessionId &&
      (before.selfMute !== selfMute || before.selfDeaf !== selfDeaf);
    if (before !== undefined && before.channelId !== channelId)
      this.#voice.dismiss(this.#world.guildId, this.#botId);
    const deaf = this.#voice.faults.deafened.has(this.#botId); // stays across channels and reconnects
    const state = { userId: this.#botId, channelId, sessionId, selfMute, selfDeaf, deaf };
    this.#world.voiceStates.set(this.#botId, state);
    this.#announce(state, channelId);
    // The same wish again is a client that lost its voice connection and wants a server.
    if (!onlyMutes) this.assignServer();
  }

  /** Somebody drags the bot to another channel. All orders of the three signs of it happen in life. */
  move(channelId: string, { closeFirst, serverFirst }: MoveOrder): void {
    const state = this.#seated();
    this.#world.requireChannel(channelId);
    if (closeFirst) this.#voice.dismiss(this.#world.guildId, this.#botId);
    state.channelId = channelId;
    if (!serverFirst) this.#announce(state, channelId);
    if (!closeFirst) this.#voice.dismiss(this.#world.guildId, this.#botId);
    this.assignServer();
    if (serverFirst) this.#announce(state, channelId);
  }

  /** The bot's voice server is gone, and another is not assigned yet: what stands goes on. */
  removeServer(): void {
    this.#seated();
    const { guildId } = this.#world;
    this.#gateway.dispatch("VOICE_SERVER_UPDATE", { token: "", guild_id: guildId, endpoint: null });
  }

  /** Somebody deafens the bot on the server, or lets it hear again. */
  deafen(deaf: boolean): void {
    const state = this.#seated();
    state.deaf = deaf;
    if (deaf) this.#voice.faults.deafened.add(this.#botId);
    else this.#voice.faults.deafened.delete(this.#botId);
    this.#announce(state, state.channelId);
  }

  /** Tells the bot its voice server: after a move, or anew when the server changes. */
  assignServer(): void {
    const { channelId, sessionId } = this.#seated();
    const { guildId } = this.#world;
    const { token, endpoint } = this.#voice.admit({ guildId, channelId, userId: this.#botId, sessionId });
    this.#gateway.dispatch("VOICE_SERVER_UPDATE", { token, guild_id: guildId, endpoint });
  }

  /** The bot leaves, is kicked from voice, or goes offline. Nothing happens when it is nowhere. */
  leave(): void {
    const { state } = this;
    if (state === undefined) return;
    this.#world.voiceStates.delete(this.#botId);
    this.#announce(state, null);
    this.#voice.dismiss(this.#world.guildId, this.#botId);
  }

  #seated(): VoiceState {
    const { state } = this;
    if (state === undefined) throw new Error("The bot is in no voice channel.");
    return state;
  }

  #announce(state: VoiceState, channelId: string | null): void {
    this.#gateway.dispatch(
      "VOICE_STATE_UPDATE",
      voiceUpdateShape(this.#world, state, channelId),
      GatewayIntentBits.GuildVoiceStates,
    );
  }
}
