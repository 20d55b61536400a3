/**
 * What capture needs of Discord's main gateway, and nothing more: op 4 out, two dispatches in. `discord/` implements it
 * on the main thread over a discord.js client; the capture thread reaches it by messages.
 */
import type {
  GatewayVoiceServerUpdateDispatchData,
  GatewayVoiceStateUpdateDispatchData,
} from "discord-api-types/v10";

export type VoiceUpdate =
  | { readonly kind: "state"; readonly data: GatewayVoiceStateUpdateDispatchData }
  | { readonly kind: "server"; readonly data: GatewayVoiceServerUpdateDispatchData };

export type VoiceGateway = {
  /** Sends a gateway payload (op 4) for the guild; false when its shard is not ready. */
  send(guildId: string, payload: unknown): boolean;
  /** Delivers the bot's own voice updates of a guild until the returned function is called. One subscriber per guild. */
  subscribe(guildId: string, listener: (update: VoiceUpdate) => void): () => void;
};
