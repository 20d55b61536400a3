import { VoiceConnectionStatus, joinVoiceChannel } from "@discordjs/voice";
import type {
  DiscordGatewayAdapterLibraryMethods,
  Networking,
  VoiceConnection,
  VoiceConnectionState,
} from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { announce } from "./announcer.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

/** A server update that came so shortly before a change of channel was meant for the new channel. */
const REORDERED_MS = 5_000;

/**
 * Lives on the capture thread. A connection of @discordjs/voice that joins only when it is told to. By itself it asks to
 * join again at once after every close, whatever the reason and however often.
 */
export class QuietConnection {
  readonly #connection: VoiceConnection;
  readonly #log: Log;
  readonly #guildId: string;
  readonly #onPayload: (payload: unknown) => void;
  #library: DiscordGatewayAdapterLibraryMethods | undefined;
  #letsThrough = true;
  #networking: Networking | undefined;
  #networkingAtMs = 0;
  #server: VoiceUpdate | undefined;
  /** Cuts the announcement short. */
  #hush: (() => void) | undefined;

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
    this.#log = log;
    this.#connection = joinVoiceChannel({
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
    this.#connection.receiver.onUdpMessage = () => undefined;
    this.#connection.on("error", (error) => {
      log.warn({ error: messageOf(error) }, "voice connection error");
    });
    this.#connection.on("stateChange", (_old, state) => {
      if ("networking" in state) this.#adopt(state.networking);
      listener.onState(state);
    });
  }

  /** Hands over a dispatch of the main gateway. */
  update(update: VoiceUpdate): void {
    if (update.kind === "state") return this.#library?.onVoiceStateUpdate(update.data);
    this.#server = update;
    this.#library?.onVoiceServerUpdate(update.data);
  }

  /** The library takes the channel it knows of as the group's name: wrong if the server's update overtook the channel's. */
  mendGroup(channelId: string): void {
    const state = this.#networking?.state;
    if (state === undefined || !("connectionOptions" in state) || this.#server === undefined) return;
    if (state.connectionOptions.channelId === channelId) return;
    if (performance.now() - this.#networkingAtMs < REORDERED_MS) this.update(this.#server);
  }

  /** Says this aloud, in the place of what it may be saying; `onDone` is called once, also where it could not be said. */
  announce(oggOpus: Uint8Array, onDone: () => void): void {
    this.#hush?.();
    this.#hush = announce(this.#connection, oggOpus, this.#log, onDone);
  }

  /** Asks to be let in. */
  join(channelId: string): void {
    this.#letsThrough = true;
    this.#connection.rejoin({ channelId, selfDeaf: false, selfMute: false });
    this.#letsThrough = false;
  }

  /** Says goodbye to the channel, in order to join again. */
  leave(): void {
    const { state } = this.#connection;
    // It must not become ready now: Discord would close it because we have left, and that looks like a kick.
    if ("networking" in state) state.networking.destroy();
    const d = { guild_id: this.#guildId, channel_id: null, self_deaf: false, self_mute: false };
    this.#onPayload({ op: 4, d });
  }

  /** Leaves for good. Idempotent. */
  destroy(): void {
    this.#hush?.();
    this.#letsThrough = true;
    if (this.#connection.state.status !== VoiceConnectionStatus.Destroyed) this.#connection.destroy();
  }

  #adopt(networking: Networking): void {
    if (networking === this.#networking) return;
    this.#networking = networking;
    this.#networkingAtMs = performance.now();
  }
}
