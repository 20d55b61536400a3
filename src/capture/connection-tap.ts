import { NetworkingStatusCode } from "@discordjs/voice";
import type { ConnectionData, Networking, NetworkingState, VoiceUDPSocket } from "@discordjs/voice";
import type { Channels } from "../audio/pcm.ts";
import type { Log } from "../log.ts";
import { ClearWindow } from "./clear-window.ts";
import { daveOf, keyStateOf, membersOf } from "./call-state.ts";
import { DatagramBatch } from "./datagram-batch.ts";
import type { OpusCodec } from "./opus-decoder.ts";
import { FormerKeys } from "./former-keys.ts";
import type { KeyWatch } from "./key-watch.ts";
import { MediaIntake } from "./media-intake.ts";
import { enlargeReceiveBuffer } from "./receive-buffer.ts";
import { OPUS_PAYLOAD_TYPE, emptyRtpHeader, parseRtp } from "./rtp.ts";
import { readSenderNews } from "./sender-map.ts";
import type { Track } from "./track.ts";
import { TRANSPORT_MODE, TransportCipher } from "./transport-cipher.ts";
import { VoiceSocketTap } from "./voice-socket-tap.ts";

/** Datagrams by fate, for one recording; all its connections count here. */
export type DatagramCounts = { datagrams: number; notMedia: number; unattributed: number };

/** What a tap needs of its recording. */
export type TapOutlet = {
  readonly channels: Channels;
  readonly codec: OpusCodec;
  readonly botUserId: string;
  readonly counts: DatagramCounts;
  readonly log: Log;
  readonly keyWatch: KeyWatch;
  /** Called when only leaving the call and joining it again can bring the end-to-end keys back. */
  readonly onKeysLost: () => void;
  /** Whether the recording's clock runs; what comes before is not the recording's. */
  readonly begun: () => boolean;
  /** A time of `performance.now()` since the clock runs, in samples on the recording's clock. */
  readonly positionAt: (ms: number) => number;
  readonly trackOf: (userId: string) => Track;
};

const HOUSEKEEPING_MS = 1_000;

/**
 * Lives on the capture thread. The sockets of one voice connection (one `Networking` of the library): datagrams and news
 * go to its intake. A new connection means a new tap: SSRCs, sequence numbers and keys start over.
 */
export class ConnectionTap {
  readonly #networking: Networking;
  readonly #outlet: TapOutlet;
  readonly #header = emptyRtpHeader();
  readonly #arrived = new DatagramBatch();
  readonly #intake: MediaIntake;
  readonly #clearWindow = new ClearWindow();
  readonly #formerKeys = new FormerKeys();
  readonly #sockets: VoiceSocketTap;
  #udp: VoiceUDPSocket | undefined;
  #secretKey: Uint8Array | undefined;
  #cipher: TransportCipher | undefined;
  #housekeepingAtMs = 0;
  #closed = false;

  constructor(networking: Networking, outlet: TapOutlet) {
    this.#networking = networking;
    this.#outlet = outlet;
    this.#intake = new MediaIntake({
      ...outlet,
      dave: () => {
        const dave = daveOf(networking.state);
        return dave === undefined ? undefined : this.#formerKeys.extend(dave);
      },
      members: () => membersOf(networking.state),
    });
    this.#sockets = new VoiceSocketTap(networking, outlet.log, {
      beforeMessage: this.#openArrived,
      onPacket: (op, data) => this.#onPacket(op, data),
      onExternalSender: (credential) => this.#formerKeys.learnExternalSender(credential),
      onKeys: () => this.#onKeys(),
    });
    // The library empties the DAVE session there: what has come until then is opened with its keys.
    const destroy = networking.destroy.bind(networking);
    networking.destroy = () => {
      try {
        this.#openArrived();
      } finally {
        destroy();
      }
    };
    networking.on("stateChange", this.#onState);
    this.#onState(networking.state, networking.state);
  }

  /** Places what is certain by now. Called every 20 ms. */
  tick(nowMs: number, position: number): void {
    this.#openArrived();
    if (nowMs >= this.#housekeepingAtMs) {
      this.#housekeepingAtMs = nowMs + HOUSEKEEPING_MS;
      this.#formerKeys.tick(nowMs);
      this.#recoverKeys(nowMs);
    }
    this.#intake.tick(nowMs, position);
  }

  /** Media received under SSRCs nobody has claimed so far. */
  get unclaimedPackets(): number {
    return this.#intake.unclaimedPackets;
  }

  /** Places everything, gives up what is still locked, lets go of the sockets. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#networking.off("stateChange", this.#onState);
    this.#udp?.off("message", this.#onDatagram);
    this.#openArrived();
    this.#sockets.close();
    this.#intake.close();
    this.#formerKeys.close();
  }

  readonly #onState = (_old: NetworkingState, state: NetworkingState): void => {
    if ("ws" in state) this.#sockets.attach(state.ws);
    if ("udp" in state && state.udp !== this.#udp) {
      this.#udp?.off("message", this.#onDatagram);
      this.#udp = state.udp;
      state.udp.on("message", this.#onDatagram);
      enlargeReceiveBuffer(state.udp, this.#outlet.log);
    }
    if (state.code === NetworkingStatusCode.Ready) {
      this.#importKey(state.connectionData);
      this.#sockets.replay();
    }
    this.#onKeys();
  };

  /** The hot path: counts, and keeps until the tick. Never throws, never waits. */
  readonly #onDatagram = (datagram: Buffer): void => {
    if (!this.#outlet.begun()) return;
    this.#outlet.counts.datagrams++;
    this.#arrived.add(datagram, performance.now());
    if (this.#arrived.isFull) this.#openArrived();
  };

  readonly #openArrived = (): void => this.#arrived.empty(this.#open);

  readonly #open = (datagram: Buffer, arrivedAtMs: number): void => {
    const header = this.#header;
    if (!parseRtp(datagram, header) || header.payloadType !== OPUS_PAYLOAD_TYPE) {
      this.#outlet.counts.notMedia++;
      return;
    }
    const payload = this.#cipher?.open(datagram, header.clearBytes);
    this.#intake.receive(header, payload, arrivedAtMs, this.#outlet.positionAt(arrivedAtMs));
  };

  #onPacket(op: number, data: unknown): void {
    const news = readSenderNews(op, data);
    if (news !== undefined) this.#intake.learn(news, performance.now());
  }

  #onKeys(): void {
    const { state } = this.#networking;
    if ("dave" in state && state.dave !== undefined) {
      this.#formerKeys.follow(state.dave);
      this.#clearWindow.update(state.dave);
    }
    this.#intake.keysChanged();
  }

  #recoverKeys(nowMs: number): void {
    const { state } = this.#networking;
    if (state.code !== NetworkingStatusCode.Ready || state.dave === undefined) return;
    const { dave } = state;
    const remedy = this.#outlet.keyWatch.remedy(nowMs, keyStateOf(dave));
    if (remedy === "none") return;
    this.#outlet.log.warn({ remedy }, "nobody's audio can be decrypted");
    if (remedy === "rejoin") this.#outlet.onKeysLost();
    else dave.recoverFromInvalidTransition(dave.lastTransitionId ?? 0);
  }

  #importKey(data: Partial<ConnectionData>): void {
    if (data.secretKey === undefined || data.secretKey === this.#secretKey) return;
    this.#secretKey = data.secretKey;
    if (data.encryptionMode === TRANSPORT_MODE) {
      this.#cipher = new TransportCipher(data.secretKey);
    } else {
      this.#cipher = undefined;
      this.#outlet.log.error(
        { mode: data.encryptionMode },
        "voice server chose an encryption we cannot open",
      );
    }
  }
}
