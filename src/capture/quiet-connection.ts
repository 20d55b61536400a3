import { VoiceConnectionStatus, joinVoiceChannel } from "@discordjs/voice";
import type {
  DiscordGatewayAdapterLibraryMethods,
  VoiceConnection,
  VoiceConnectionState,
} from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

/**
 * Lives on the capture thread. A connection of @discordjs/voice that joins only when it is told to. By itself it asks to
 * join again at once after every close, whatever the reason and however often.
 */
export class QuietConnection {
  readonly connection: VoiceConnection;
  readonly #guildId: string;
  readonly #onPayload: (payload: unknown) => void;
  #library: DiscordGatewayAdapterLibraryMethods | undefined;
  #letsThrough = true;

  constructor(
    guildId: string,
    channelId: string,
    listener: {
      readonly onPayload: (payload: unknown) => void;
      readonly onState: (state: VoiceConnectionState) => void;
    },
    log: Log,
  ) {
    this.#guildId = guildId;
    this.#onPayload = listener.onPayload;
    this.connection = joinVoiceChannel({
      guildId,
      channelId,
      group: "recorder",
      selfDeaf: false,
      selfMute: false,
      // We open the media ourselves; the library must never start a new group of its own accord.
      decryptionFailureTolerance: Infinity,
      adapterCreator: (library) => {
        this.#library = library;
        return {
          sendPayload: (payload: unknown) => {
            if (this.#letsThrough) listener.onPayload(payload);
            return true;
          },
          destroy: () => undefined,
        };
      },
    });
    this.#letsThrough = false;
    // Its own receive path crashes on short datagrams and costs as much as ours.
    this.connection.receiver.onUdpMessage = () => undefined;
    this.connection.on("error", (error) => {
      log.warn({ error: messageOf(error) }, "voice connection error");
    });
    this.connection.on("stateChange", (_old, state) => listener.onState(state));
  }

  /** Hands over a dispatch of the main gateway. */
  update(update: VoiceUpdate): void {
    if (update.kind === "state") this.#library?.onVoiceStateUpdate(update.data);
    else this.#library?.onVoiceServerUpdate(update.data);
  }

  /** Asks to be let in. */
  join(channelId: string): void {
    this.#letsThrough = true;
    this.connection.rejoin({ channelId, selfDeaf: false, selfMute: false });
    this.#letsThrough = false;
  }

  /** Says goodbye to the channel, in order to join again. */
  leave(): void {
    const { state } = this.connection;
    // It must not become ready now: Discord would close it because we have left, and that looks like a kick.
    if ("networking" in state) state.networking.destroy();
    const d = { guild_id: this.#guildId, channel_id: null, self_deaf: false, self_mute: false };
    this.#onPayload({ op: 4, d });
  }

  /** Leaves for good. Idempotent. */
  destroy(): void {
    this.#letsThrough = true;
    if (this.connection.state.status !== VoiceConnectionStatus.Destroyed) this.connection.destroy();
  }
}
