import {
  NetworkingStatusCode,
  VoiceConnectionDisconnectReason,
  VoiceConnectionStatus,
  joinVoiceChannel,
} from "@discordjs/voice";
import type {
  DiscordGatewayAdapterLibraryMethods,
  Networking,
  VoiceConnection,
  VoiceConnectionState,
} from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { announce } from "./announcer.ts";
import { encryptionRequired, gatewayNotReady, noAnswer, notRegained, removed } from "./capture-errors.ts";
import type { MediaKeys } from "./start-gate.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

export type VoiceLinkListener = {
  /** A payload for the main gateway. */
  readonly onPayload: (payload: unknown) => void;
  /** A connection to a voice server begins; the one before it is over. */
  readonly onNetworking: (networking: Networking) => void;
  /** Ready for the first time, or again after `onLost`. */
  readonly onReady: () => void;
  readonly onLost: (reason: string) => void;
  /** It cannot be had (again). Called once; nothing follows. */
  readonly onEnded: (error: RecorderError) => void;
};

/**
 * - `connecting`: not ready yet, for the first time. - `ready`. - `resuming`: the websocket is gone, audio still flows.
 * - `lost`: reported as lost; trying to come back. - `ended`: over, for good.
 */
type LinkState = "connecting" | "ready" | "resuming" | "lost" | "ended";

/** How long joining may take in all. */
const READY_TIMEOUT_MS = 15_000;
/** The library sends one discovery datagram and waits for ever: if it was lost, a second join sends another. */
const FIRST_ATTEMPT_MS = 6_000;
/** A resume is routine and loses nothing; one that takes longer is worth telling. */
const RESUME_GRACE_MS = 2_000;
/** After 4014 Discord needs this long to say whether we were moved or kicked. */
const KICK_GRACE_MS = 5_000;
const ENDPOINT_GRACE_MS = 30_000;
const SIGNALLING_TIMEOUT_MS = 10_000;
const REJOIN_PAUSE_MS = 1_000;
const MAX_ATTEMPTS = 5;
/** "End-to-end encryption required": coming back changes nothing. */
const CLOSE_DAVE_REQUIRED = 4017;

/** Lives on the capture thread. One voice connection of @discordjs/voice, kept alive or declared ended. */
export class VoiceLink {
  readonly #connection: VoiceConnection;
  readonly #listener: VoiceLinkListener;
  readonly #log: Log;
  #state: LinkState = "connecting";
  #gateway: DiscordGatewayAdapterLibraryMethods | undefined;
  #networking: Networking | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bounds all steps of the first connection together. */
  readonly #guard: NodeJS.Timeout;
  /** Cuts the announcement short. */
  #hush: (() => void) | undefined;
  #closeCode = 0;
  #attempts = 0;
  /** We have left in order to join again: what the server says about our leaving means nothing. */
  #rejoining = false;

  constructor(
    channel: { readonly guildId: string; readonly channelId: string },
    listener: VoiceLinkListener,
    log: Log,
  ) {
    this.#listener = listener;
    this.#log = log;
    this.#guard = setTimeout(() => this.#end(noAnswer()), READY_TIMEOUT_MS);
    this.#arm(FIRST_ATTEMPT_MS, () => this.#rejoin());
    this.#connection = joinVoiceChannel({
      guildId: channel.guildId,
      channelId: channel.channelId,
      group: "recorder",
      selfDeaf: false,
      selfMute: false,
      // We open the media ourselves; the library must never start a new group of its own accord.
      decryptionFailureTolerance: Infinity,
      adapterCreator: (methods) => {
        this.#gateway = methods;
        return {
          sendPayload: (payload: unknown) => {
            listener.onPayload(payload);
            return true;
          },
          destroy: () => undefined,
        };
      },
    });
    // Its own receive path crashes on short datagrams and costs as much as ours.
    this.#connection.receiver.onUdpMessage = () => undefined;
    this.#connection.on("error", (error) => {
      log.warn({ error: messageOf(error) }, "voice connection error");
    });
    this.#connection.on("stateChange", (_old, state) => this.#onState(state));
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  /** How the end-to-end keys of the call stand. */
  get mediaKeys(): MediaKeys {
    const state = this.#networking?.state;
    const dave = state?.code === NetworkingStatusCode.Ready ? state.dave : undefined;
    if (dave === undefined || dave.protocolVersion === 0) return "none";
    // Private in the typings, and nothing public tells that a transition is under way.
    const changing = dave["pendingTransitions"].size > 0 || dave.reinitializing;
    return dave.session?.ready === true && !changing ? "settled" : "pending";
  }

  /** Hands a dispatch of the main gateway to the connection. */
  update(update: VoiceUpdate): void {
    if (update.kind === "state") this.#gateway?.onVoiceStateUpdate(update.data);
    else this.#gateway?.onVoiceServerUpdate(update.data);
  }

  /** The main gateway could not send our payload. */
  refused(): void {
    if (this.#state === "connecting") this.#end(gatewayNotReady());
    // What is ready needs no rejoin: the refusal is of an older payload.
    else if (this.#state !== "ended" && this.#state !== "ready")
      this.#arm(SIGNALLING_TIMEOUT_MS, () => this.#rejoin());
  }

  announce(oggOpus: Uint8Array): void {
    this.#hush = announce(this.#connection, oggOpus, this.#log);
  }

  /** Leaves the channel. Idempotent; no listener is called any more. */
  leave(): void {
    this.#state = "ended";
    clearTimeout(this.#timer);
    clearTimeout(this.#guard);
    this.#hush?.();
    if (this.#connection.state.status !== VoiceConnectionStatus.Destroyed) this.#connection.destroy();
  }

  #onState(state: VoiceConnectionState): void {
    if (this.#state === "ended" || state.status === VoiceConnectionStatus.Destroyed) return;
    if ("networking" in state && state.networking !== this.#networking) {
      this.#networking = state.networking;
      this.#closeCode = 0;
      state.networking.prependListener("close", (code: number) => {
        this.#closeCode = code;
      });
      this.#listener.onNetworking(state.networking);
    }
    if (this.#rejoining && state.status !== VoiceConnectionStatus.Ready) return;
    switch (state.status) {
      case VoiceConnectionStatus.Ready:
        return this.#ready();
      case VoiceConnectionStatus.Connecting:
        return this.#unready(READY_TIMEOUT_MS, () => this.#rejoin());
      case VoiceConnectionStatus.Signalling:
        if (this.#closeCode === CLOSE_DAVE_REQUIRED) return this.#end(encryptionRequired());
        if (this.#connection.rejoinAttempts > MAX_ATTEMPTS) return this.#end(this.#giveUp());
        return this.#unready(SIGNALLING_TIMEOUT_MS, () => this.#rejoin());
      case VoiceConnectionStatus.Disconnected:
        if (state.reason === VoiceConnectionDisconnectReason.WebSocketClose)
          return this.#unready(KICK_GRACE_MS, () => this.#end(removed()));
        return this.#unready(
          state.reason === VoiceConnectionDisconnectReason.EndpointRemoved
            ? ENDPOINT_GRACE_MS
            : SIGNALLING_TIMEOUT_MS,
          () => this.#rejoin(),
        );
    }
  }

  #ready(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#guard);
    this.#rejoining = false;
    this.#attempts = 0;
    const before = this.#state;
    this.#state = "ready";
    if (before === "connecting" || before === "lost") this.#listener.onReady();
  }

  /** Something other than ready: say so once, and act if it stays that way. */
  #unready(patienceMs: number, act: () => void): void {
    // The first connection has timers of its own.
    if (this.#state === "connecting") return;
    const resuming = this.#networking !== undefined && "dave" in this.#networking.state;
    if (resuming && this.#state === "ready") {
      this.#state = "resuming";
      this.#arm(RESUME_GRACE_MS, () => {
        this.#lose();
        this.#arm(patienceMs, act);
      });
      return;
    }
    this.#lose();
    this.#arm(patienceMs, act);
  }

  #lose(): void {
    if (this.#state === "lost") return;
    this.#state = "lost";
    const code = this.#closeCode === 0 ? "" : ` (code ${this.#closeCode})`;
    this.#listener.onLost(`The voice connection was interrupted${code}.`);
  }

  /** Leaves and joins again: Discord answers a join only when it changes something. */
  #rejoin(): void {
    this.#attempts++;
    if (this.#attempts > MAX_ATTEMPTS) return this.#end(this.#giveUp());
    this.#rejoining = true;
    const { guildId } = this.#connection.joinConfig;
    this.#listener.onPayload({
      op: 4,
      d: { guild_id: guildId, channel_id: null, self_deaf: false, self_mute: false },
    });
    this.#arm(REJOIN_PAUSE_MS * 2 ** (this.#attempts - 1), () => {
      this.#rejoining = false;
      this.#connection.rejoin();
      this.#arm(SIGNALLING_TIMEOUT_MS, () => this.#rejoin());
    });
  }

  #end(error: RecorderError): void {
    if (this.#state === "ended") return;
    this.leave();
    this.#listener.onEnded(error);
  }

  #giveUp(): RecorderError {
    return this.#state === "connecting" ? noAnswer() : notRegained(this.#closeCode);
  }

  #arm(delayMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, delayMs);
  }
}
