import {
  NetworkingStatusCode,
  VoiceConnectionDisconnectReason,
  VoiceConnectionStatus,
} from "@discordjs/voice";
import type { Networking, VoiceConnectionState } from "@discordjs/voice";
import type { GatewayVoiceStateUpdateDispatchData } from "discord-api-types/v10";
import type { RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import * as failures from "./capture-errors.ts";
import { afterClose, isSaidByServer } from "./close-codes.ts";
import { Comeback } from "./comeback.ts";
import { LifeSigns } from "./life-signs.ts";
import type { LinkTiming } from "./link-timing.ts";
import { isAlone, mediaKeysOf } from "./media-keys.ts";
import type { MediaKeys } from "./media-keys.ts";
import { QuietConnection } from "./quiet-connection.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

export type VoiceLinkListener = {
  /** A payload for the main gateway. */
  readonly onPayload: (payload: unknown) => void;
  /** A connection to a voice server begins; the one before it is over. */
  readonly onNetworking: (networking: Networking) => void;
  /** Ready for the first time, or again after `onLost`. */
  readonly onReady: () => void;
  /** Nothing can be heard since `sinceMs` of `performance.now()`. */
  readonly onLost: (reason: string, sinceMs: number) => void;
  /** Somebody took us to another channel; the connection follows. */
  readonly onMoved: (channelId: string) => void;
  /** An admin has deafened us, or let us hear again. */
  readonly onDeafened: (deaf: boolean) => void;
  /** It cannot be had (again). Called once; nothing follows. */
  readonly onEnded: (error: RecorderError) => void;
};

export type VoiceLinkOptions = {
  readonly guildId: string;
  readonly channelId: string;
  /** It goes on with a recording that had a connection before: there is no hurry, and no first failure. */
  readonly resumed: boolean;
  readonly timing: LinkTiming;
};

/**
 * - `connecting`: not ready yet, for the first time. - `ready`. - `lingering`: the websocket or the endpoint is gone, audio
 * may still flow. - `lost`: reported as lost; trying to come back. - `ended`: over, for good.
 */
type LinkState = "connecting" | "ready" | "lingering" | "lost" | "ended";

/** Lives on the capture thread. One voice connection of @discordjs/voice, kept alive or declared ended. */
export class VoiceLink {
  readonly #connection: QuietConnection;
  readonly #listener: VoiceLinkListener;
  readonly #timing: LinkTiming;
  readonly #life = new LifeSigns();
  readonly #comeback: Comeback;
  /** Bounds all steps of the first connection together. */
  readonly #guard: NodeJS.Timeout | undefined;
  #channelId: string;
  #state: LinkState;
  #networking: Networking | undefined;
  #closeCode = 0;
  /** The websocket stands: the server is there. */
  #attached = false;
  /** Unknown at first to one that goes on: it may have changed meanwhile. */
  #deaf: boolean | undefined;
  /** Discord says that we are in no channel, and not because we left. */
  #out = false;

  constructor(options: VoiceLinkOptions, listener: VoiceLinkListener, log: Log) {
    const { guildId, channelId, resumed, timing } = options;
    this.#listener = listener;
    this.#timing = timing;
    this.#channelId = channelId;
    this.#state = resumed ? "lost" : "connecting";
    this.#deaf = resumed ? undefined : false;
    if (!resumed) this.#guard = setTimeout(() => this.#end(failures.noAnswer()), timing.startMs);
    this.#comeback = new Comeback(timing, {
      leave: () => this.#connection.leave(),
      join: () => this.#connection.join(this.#channelId),
      giveUp: () => this.#end(failures.notRegained(this.#closeCode)),
    });
    this.#comeback.arm(timing.firstAttemptMs, () => this.#comeback.leaveAndJoin());
    const { onPayload } = listener;
    const onState = (state: VoiceConnectionState): void => this.#onState(state);
    this.#connection = new QuietConnection(guildId, channelId, { onPayload, onState }, log);
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  /** The channel we are in, or belong in. */
  get channelId(): string {
    return this.#channelId;
  }

  /** How the end-to-end keys of the call stand. */
  get mediaKeys(): MediaKeys {
    return mediaKeysOf(this.#networking);
  }

  /** Whether the voice server knows of nobody else in the call. */
  get alone(): boolean {
    return isAlone(this.#networking);
  }

  /** Datagrams have arrived. Called at most every 20 ms. */
  heard(nowMs: number): void {
    this.#life.heard(nowMs);
  }

  /** Hands a dispatch of the main gateway to the connection. */
  update(update: VoiceUpdate): void {
    if (this.#state === "ended") return;
    if (update.kind === "state") {
      this.#connection.update(update);
      this.#onOwnState(update.data);
    } else if (!this.#comeback.away) {
      // While we are away it is the answer to a join that we have taken back.
      this.#connection.update(update);
    }
  }

  /** The main gateway could not send our payload. */
  refused(): void {
    if (this.#state === "connecting") return this.#end(failures.gatewayNotReady());
    // What is ready needs no rejoin: the refusal is of an older payload.
    if (this.#state === "lost") this.#comeback.refused();
  }

  /** Gives up a connection that stands but carries nothing, and makes another. */
  reconnect(reason: string): void {
    if (this.#state !== "ready") return;
    this.#lose(reason, this.#life.heardMs);
    this.#comeback.leaveAndJoin();
  }

  /** Says this aloud; `onDone` is called once, also where it could not be said. */
  announce(oggOpus: Uint8Array, onDone: () => void): void {
    this.#connection.announce(oggOpus, onDone);
  }

  /** Leaves the channel. Idempotent; no listener is called any more but for the leaving's payload. */
  leave(): void {
    this.#state = "ended";
    this.#comeback.disarm();
    clearTimeout(this.#guard);
    this.#connection.destroy();
  }

  #onOwnState(data: GatewayVoiceStateUpdateDispatchData): void {
    if (data.channel_id === null) return this.#onOut();
    if (this.#out) {
      this.#out = false;
      this.#comeback.arm(this.#timing.answerMs, () => this.#comeback.retry(false));
    }
    if (data.channel_id !== this.#channelId) {
      this.#channelId = data.channel_id;
      this.#listener.onMoved(data.channel_id);
    }
    this.#connection.mendGroup(data.channel_id);
    if (data.deaf === this.#deaf) return;
    this.#deaf = data.deaf;
    this.#listener.onDeafened(data.deaf);
  }

  /** We are in no channel any more: kicked, unless we hear otherwise. */
  #onOut(): void {
    // At the beginning it is the echo of our leaving the last recording.
    if (this.#comeback.away || this.#state === "connecting") return;
    this.#out = true;
    this.#lose("I was disconnected from the voice channel.", performance.now());
    this.#comeback.arm(this.#timing.kickGraceMs, () => this.#end(failures.removed()));
  }

  #onState(state: VoiceConnectionState): void {
    if (this.#state === "ended" || state.status === VoiceConnectionStatus.Destroyed) return;
    if ("networking" in state && state.networking !== this.#networking) this.#adopt(state.networking);
    if (this.#comeback.away) return;
    if (state.status === VoiceConnectionStatus.Ready) return this.#ready();
    const isResuming =
      state.status === VoiceConnectionStatus.Connecting &&
      state.networking.state.code === NetworkingStatusCode.Resuming;
    if (isResuming && this.#state === "ready") {
      this.#attached = false;
      return this.#linger(this.#timing.resumeMs);
    }
    if (
      state.status === VoiceConnectionStatus.Disconnected &&
      state.reason === VoiceConnectionDisconnectReason.EndpointRemoved
    )
      this.#linger(this.#timing.endpointGraceMs);
  }

  #adopt(networking: Networking): void {
    const wasAttached = this.#attached;
    this.#networking = networking;
    networking.prependListener("close", (code: number) => this.#onClosed(networking, code));
    if (this.#state !== "connecting") {
      // One that was well until now was heard until now.
      const sinceMs = wasAttached ? performance.now() : this.#life.aliveMs;
      this.#lose("Discord gave the call another voice server.", sinceMs);
      this.#comeback.arm(this.#timing.answerMs, () => this.#comeback.retry(false));
    }
    this.#life.follow(networking);
    this.#listener.onNetworking(networking);
  }

  #ready(): void {
    clearTimeout(this.#guard);
    const before = this.#state;
    this.#state = "ready";
    this.#attached = true;
    this.#closeCode = 0;
    this.#life.alive();
    this.#comeback.stands();
    if (before === "connecting" || before === "lost") this.#listener.onReady();
  }

  #onClosed(networking: Networking, code: number): void {
    if (this.#state === "ended" || networking !== this.#networking || this.#comeback.away) return;
    const { kickGraceMs, serverGraceMs, rateLimitMs } = this.#timing;
    const next = afterClose(code);
    this.#closeCode = code;
    if (isSaidByServer(code)) this.#life.alive();
    if (next === "fatal") return this.#end(failures.encryptionRequired());
    if (this.#state === "connecting" && next === "wait-limit") return this.#end(failures.rateLimited());
    this.#lose(`The voice connection was interrupted (code ${code}).`, this.#life.aliveMs);
    // What we wait for then decides.
    if (this.#out) return;
    switch (next) {
      case "wait-moved":
        return this.#comeback.arm(kickGraceMs, () => this.#comeback.retry(true));
      case "wait-server":
        return this.#comeback.arm(serverGraceMs, () => this.#comeback.retry(true));
      case "wait-limit":
        return this.#comeback.arm(rateLimitMs, () => this.#comeback.leaveAndJoin());
      case "join":
        return this.#comeback.retry(true);
    }
  }

  /** Audio may still flow: nothing is lost as long as it does. */
  #linger(patienceMs: number): void {
    if (this.#state !== "ready") return this.#comeback.arm(patienceMs, () => this.#comeback.leaveAndJoin());
    this.#state = "lingering";
    const untilMs = performance.now() + patienceMs;
    const { resumeGraceMs } = this.#timing;
    const look = (): void => {
      const nowMs = performance.now();
      if (nowMs < untilMs && nowMs - this.#life.heardMs < resumeGraceMs)
        return this.#comeback.arm(resumeGraceMs, look);
      this.#lose("The voice connection was interrupted.", this.#life.aliveMs);
      this.#comeback.arm(Math.max(0, untilMs - nowMs), () => this.#comeback.leaveAndJoin());
    };
    this.#comeback.arm(resumeGraceMs, look);
  }

  #lose(reason: string, sinceMs: number): void {
    this.#attached = false;
    this.#comeback.fell();
    if (this.#state === "lost" || this.#state === "connecting") return;
    this.#state = "lost";
    this.#listener.onLost(reason, sinceMs);
  }

  #end(error: RecorderError): void {
    if (this.#state === "ended") return;
    this.leave();
    this.#listener.onEnded(error);
  }
}
