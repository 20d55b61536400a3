import { NetworkingStatusCode } from "@discordjs/voice";
import type { ConnectionData, Networking, NetworkingState, VoiceUDPSocket } from "@discordjs/voice";
import type { Channels } from "../audio/pcm.ts";
import type { Log } from "../log.ts";
import type { OpusCodec } from "./decoder.ts";
import { HoldQueue } from "./hold-queue.ts";
import { KeyWatch } from "./key-watch.ts";
import { isEncryptedFrame, openMedia } from "./media-lock.ts";
import type { DaveState } from "./media-lock.ts";
import { enlargeReceiveBuffer } from "./receive-buffer.ts";
import { OPUS_PAYLOAD_TYPE, emptyRtpHeader, mediaOf, parseRtp } from "./rtp.ts";
import { Segment } from "./segment.ts";
import type { MediaPacket } from "./segment.ts";
import { SenderTrial } from "./sender-trial.ts";
import { readSenderNews } from "./sender-map.ts";
import type { SenderNews } from "./sender-map.ts";
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
  /** Whether the recording's clock runs; what comes before is not the recording's. */
  readonly begun: () => boolean;
  /** Now, in samples on the recording's clock. */
  readonly position: () => number;
  readonly trackOf: (userId: string) => Track;
};

const NO_DAVE: DaveState = { protocolVersion: 0, session: undefined };
/** SSRCs on one connection; more are noise. */
const MAX_SEGMENTS = 1_024;
/** A person's packets still under way when they leave, or change SSRC. */
const LEFT_MS = 2_000;
const REPLACED_MS = 5_000;
const HOUSEKEEPING_MS = 1_000;
/**
 * davey takes the first frame it opens for the sender's first: one that was overtaken by it never opens. So the first
 * ones are put in order before; it costs no accuracy, a talkspurt's first packet waits longer for its place.
 */
const FIRST_FRAMES_MS = 60;

/**
 * Lives on the capture thread. Receives everything of one voice connection (one `Networking` of the library): datagrams
 * to segments, news about senders and keys to the hold queue. A new connection means a new tap: SSRCs, sequence numbers
 * and keys start over.
 */
export class ConnectionTap {
  readonly #networking: Networking;
  readonly #outlet: TapOutlet;
  readonly #header = emptyRtpHeader();
  readonly #segments = new Map<number, Segment>();
  readonly #hold = new HoldQueue<Segment, MediaPacket>(
    (segment) => segment.ledger.settle("locked"),
    (packet) => packet.sequence,
  );
  readonly #sockets: VoiceSocketTap;
  readonly #keys = new KeyWatch();
  #udp: VoiceUDPSocket | undefined;
  #secretKey: Uint8Array | undefined;
  #cipher: TransportCipher | undefined;
  #housekeepingAtMs = 0;
  #closed = false;

  constructor(networking: Networking, outlet: TapOutlet) {
    this.#networking = networking;
    this.#outlet = outlet;
    this.#sockets = new VoiceSocketTap(networking, outlet.log, {
      onPacket: (op, data) => this.#onPacket(op, data),
      onKeys: () => this.#retryAll(),
    });
    networking.on("stateChange", this.#onState);
    this.#onState(networking.state, networking.state);
  }

  /** Places what is certain by now. Called every 20 ms. */
  tick(nowMs: number, position: number): void {
    const housekeeping = nowMs >= this.#housekeepingAtMs;
    if (housekeeping) {
      this.#housekeepingAtMs = nowMs + HOUSEKEEPING_MS;
      this.#retryAll();
      this.#identifySenders();
      this.#hold.prune(nowMs);
      this.#recoverKeys(nowMs);
    }
    for (const segment of this.#segments.values()) {
      if (segment.sortsUntilMs && nowMs >= segment.sortsUntilMs) {
        segment.sortsUntilMs = 0;
        this.#retry(segment);
      }
      segment.advance(position);
      if (nowMs >= segment.closeAtMs) this.#closeSegment(segment);
    }
  }

  /** Media received under SSRCs nobody has claimed so far. */
  get unclaimedPackets(): number {
    let packets = 0;
    for (const segment of this.#segments.values())
      if (segment.track === undefined) packets += segment.ledger.received;
    return packets;
  }

  /** Places everything, gives up what is still locked, lets go of the sockets. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#networking.off("stateChange", this.#onState);
    this.#udp?.off("message", this.#onDatagram);
    this.#sockets.close();
    this.#retryAll();
    for (const segment of this.#segments.values()) this.#closeSegment(segment);
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
  };

  /** The hot path: counts, parses, opens, numbers. Never throws, never waits. */
  readonly #onDatagram = (datagram: Buffer): void => {
    const { counts } = this.#outlet;
    if (!this.#outlet.begun()) return;
    const header = this.#header;
    counts.datagrams++;
    if (!parseRtp(datagram, header) || header.payloadType !== OPUS_PAYLOAD_TYPE) {
      counts.notMedia++;
      return;
    }
    const payload = this.#cipher?.open(datagram, header.clearBytes);
    let segment = this.#segments.get(header.ssrc);
    if (payload === undefined) {
      if (segment === undefined) {
        counts.unattributed++;
      } else {
        segment.ledger.admit();
        segment.ledger.settle("forged");
      }
      return;
    }
    segment ??= this.#openSegment(header.ssrc);
    if (segment === undefined) {
      counts.unattributed++;
      return;
    }
    const packet = segment.number(header, mediaOf(payload, header), this.#outlet.position());
    if (packet === undefined) return;
    const encrypted = isEncryptedFrame(packet.media);
    const nowMs = performance.now();
    if (encrypted) segment.sortsUntilMs ??= nowMs + FIRST_FRAMES_MS;
    if (!segment.sortsUntilMs) {
      if (this.#unlock(segment, packet)) {
        if (encrypted) this.#keys.opened();
        return;
      }
      if (encrypted && segment.track !== undefined) this.#keys.failed(nowMs);
    }
    packet.held = true;
    this.#hold.add(segment, packet, packet.media.length, nowMs);
  };

  #unlock(segment: Segment, packet: MediaPacket): boolean {
    if (segment.track === undefined) return false;
    const { state } = this.#networking;
    // In any other state we do not know whether the media is encrypted end to end: it stays locked.
    if (state.code !== NetworkingStatusCode.Ready && state.code !== NetworkingStatusCode.Resuming)
      return false;
    const opus = openMedia(packet.media, segment.track.userId, state.dave ?? NO_DAVE);
    if (opus === undefined) return false;
    segment.accept(packet, opus);
    return true;
  }

  #onPacket(op: number, data: unknown): void {
    const news = readSenderNews(op, data);
    if (news !== undefined) this.#onNews(news);
  }

  #onNews(news: SenderNews): void {
    const nowMs = performance.now();
    if (news.kind === "left") {
      for (const segment of this.#segments.values())
        if (segment.track?.userId === news.userId) segment.closeAtMs = nowMs + LEFT_MS;
      return;
    }
    if (news.userId === this.#outlet.botUserId) return;
    let segment = this.#segments.get(news.ssrc);
    if (segment?.track !== undefined && segment.track.userId !== news.userId) {
      // The server gave the number to somebody else: what was theirs stays theirs.
      this.#closeSegment(segment);
      segment = undefined;
    }
    segment ??= this.#openSegment(news.ssrc);
    if (segment === undefined) return;
    segment.closeAtMs = Infinity;
    if (segment.track !== undefined) return;
    segment.claim(this.#outlet.trackOf(news.userId));
    for (const other of this.#segments.values())
      if (other !== segment && other.track === segment.track) other.closeAtMs = nowMs + REPLACED_MS;
    this.#retry(segment);
  }

  #retryAll(): void {
    if (this.#hold.length === 0) return;
    for (const segment of this.#segments.values()) this.#retry(segment);
  }

  #retry(segment: Segment): void {
    if (segment.track === undefined || segment.sortsUntilMs) return;
    this.#hold.retry(segment, (packet) => (this.#unlock(segment, packet) ? "opened" : "locked"));
  }

  /** Lays segments that nobody announced to whoever's key opens them. */
  #identifySenders(): void {
    const { state } = this.#networking;
    if (this.#hold.length === 0 || state.code !== NetworkingStatusCode.Ready || state.dave === undefined)
      return;
    const unknown: Segment[] = [];
    const candidates = new Set(state.connectionData.connectedClients);
    candidates.delete(this.#outlet.botUserId);
    for (const segment of this.#segments.values()) {
      if (segment.track === undefined) unknown.push(segment);
      else candidates.delete(segment.track.userId);
    }
    for (const segment of unknown) {
      const trial = new SenderTrial(candidates, state.dave);
      this.#hold.retry(segment, (packet) => {
        if (segment.track !== undefined) return this.#unlock(segment, packet) ? "opened" : "locked";
        const found = trial.open(packet.media);
        if (found === undefined) return "locked";
        candidates.delete(found.userId);
        segment.claim(this.#outlet.trackOf(found.userId));
        segment.accept(packet, found.opus);
        return "opened";
      });
      // What came before the packet that gave its sender away.
      this.#retry(segment);
    }
  }

  #recoverKeys(nowMs: number): void {
    const { state } = this.#networking;
    if (state.code !== NetworkingStatusCode.Ready || state.dave === undefined) return;
    if (!this.#keys.shouldRecover(nowMs)) return;
    this.#outlet.log.warn("nobody's audio can be decrypted: asking for new keys");
    state.dave.recoverFromInvalidTransition(state.dave.lastTransitionId ?? 0);
  }

  #openSegment(ssrc: number): Segment | undefined {
    if (this.#segments.size >= MAX_SEGMENTS) return undefined;
    const segment = new Segment(ssrc, this.#outlet.channels, this.#outlet.codec);
    this.#segments.set(ssrc, segment);
    return segment;
  }

  #closeSegment(segment: Segment): void {
    segment.sortsUntilMs = 0;
    this.#retry(segment);
    this.#hold.abandon(segment);
    segment.close();
    if (segment.track === undefined) this.#outlet.counts.unattributed += segment.ledger.received;
    this.#segments.delete(segment.ssrc);
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
