import { opusPacketSamples, isSilenceFrame } from "../audio/opus-packet.ts";
import type { Channels } from "../audio/pcm.ts";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../audio/pcm.ts";
import type { Room } from "../audio/placed-packets.ts";
import { RtpUnwrapper } from "../audio/rtp-unwrap.ts";
import { NOTHING_TAKEN, Timeline } from "../audio/timeline.ts";
import type { TimelineSink } from "../audio/timeline.ts";
import { concealHole } from "./concealment.ts";
import type { ConcealmentSink, Hole } from "./concealment.ts";
import { ConcealedSpans } from "./concealed-spans.ts";
import type { OpusCodec, OpusDecoder } from "./opus-decoder.ts";
import { FrameOrder } from "./frame-order.ts";
import { LateDecoder } from "./late-decoder.ts";
import { receivedMedia } from "./media-packet.ts";
import type { MediaPacket } from "./media-packet.ts";
import { PacketLedger } from "./packet-ledger.ts";
import type { Outcome } from "./packet-ledger.ts";
import type { RtpHeader } from "./rtp.ts";
import type { Speaker } from "./said-spans.ts";
import type { Track } from "./track.ts";

/**
 * Lives on the capture thread. One SSRC on one connection: its numbers, timeline, decoder and books.
 * Packets come in through `number`, then `accept`; PCM leaves through the track once `advance` has placed them.
 */
export class Segment implements TimelineSink<MediaPacket>, ConcealmentSink {
  readonly ssrc: number;
  /** Its own until it is known whose it is, then theirs. */
  ledger = new PacketLedger();
  /** Whose segment it is, once known. */
  track: Track | undefined;
  readonly order = new FrameOrder();
  /** When to close it, on the thread's clock; Infinity while it lives. */
  closeAtMs = Infinity;
  readonly #channels: Channels;
  readonly #codec: OpusCodec;
  readonly #unwrapper = new RtpUnwrapper();
  readonly #timeline = new Timeline<MediaPacket>();
  readonly #speaker: Speaker = Symbol("segment");
  #taken = NOTHING_TAKEN;
  #decoder: OpusDecoder | undefined;
  /** Position just behind the packet placed last. */
  #lastEnd = 0;
  readonly #concealed = new ConcealedSpans();
  readonly #lateDecoder: LateDecoder;

  constructor(ssrc: number, channels: Channels, codec: OpusCodec) {
    this.ssrc = ssrc;
    this.#channels = channels;
    this.#codec = codec;
    this.#lateDecoder = new LateDecoder(channels, codec);
  }

  /** Lays the segment to a person. */
  claim(track: Track): void {
    this.track = track;
    this.#taken = track.turns.takenFrom(this.#speaker);
    track.account.ledger.absorb(this.ledger);
    this.ledger = track.account.ledger;
  }

  /** Admits a datagram's media to the books; undefined when that was all there is to do with it. */
  number(header: RtpHeader, media: Buffer | undefined, arrival: number): MediaPacket | undefined {
    this.ledger.admit();
    const verdict = this.#unwrapper.accept(header.sequence, header.timestamp);
    if (verdict !== "new") {
      this.ledger.settle(verdict === "duplicate" ? "duplicate" : "late");
      return undefined;
    }
    const { sequence, timestamp } = this.#unwrapper;
    if (media === undefined) {
      this.ledger.settle("malformed");
      return undefined;
    }
    if (media.length === 0) {
      // Padding uses up sequence numbers: without this it would look like loss.
      this.#timeline.skip(sequence);
      this.ledger.settle("padding");
      return undefined;
    }
    return receivedMedia(sequence, timestamp, arrival, media);
  }

  /** Takes a packet whose Opus has been opened. */
  accept(packet: MediaPacket, opus: Buffer): void {
    packet.media = opus;
    packet.samples = opusPacketSamples(opus);
    packet.silent = isSilenceFrame(opus);
    if (packet.samples === 0) {
      this.ledger.settle("undecodable");
    } else if (!this.#timeline.push(packet)) {
      this.#patch(packet);
    }
  }

  /** Decodes and offers what is certain by now. */
  advance(now: number): void {
    this.#timeline.advance(now, this, this.#taken);
  }

  /** Ends the segment: offers what waits. Held packets must have been settled before. */
  close(): void {
    this.advance(Infinity);
    this.#decoder?.close();
    this.#lateDecoder.close();
    this.#decoder = undefined;
  }

  /** Called by the timeline, in order. */
  place(packet: MediaPacket, position: number, lostSamples: number, span: number): void {
    const from = this.#lastEnd;
    this.#lastEnd = position + span;
    const track = this.#trackFor(packet);
    if (track === undefined) return;
    this.#decoder ??= this.#codec.create(this.#channels);
    if (lostSamples > 0)
      this.#fillHole(track, this.#decoder, { from, to: position, lostSamples }, packet.media);
    this.#lateDecoder.remember(packet.sequence, packet.media);
    const pcm = this.#decoder.decode(packet.media);
    const room = { position, span, start: position, end: position + span };
    const joined = pcm && track.turns.join(this.#speaker, pcm, room, packet.silent);
    this.#offer(track, joined, room, packet, true);
  }

  /** It waited for its key in vain. It lasts 20 ms, as all of Discord's: nobody can look inside. */
  expire(packet: MediaPacket): void {
    this.ledger.settle("locked");
    this.#timeline.skip(packet.sequence);
    if (this.track === undefined) return;
    packet.samples = FRAME_SAMPLES;
    const room = this.#timeline.patch(packet, false);
    if (room === undefined) return;
    // If its place was passed, it was taken for lost on the way.
    const missing = room.end - room.start - this.#concealed.replace(room.start, room.end);
    this.#find(this.track, room.start, room.end, missing);
    this.track.account.gaps.add("key", room.start, room.end, missing);
  }

  /** Called by `concealHole`. */
  takeConcealed(position: number, pcm: Buffer): void {
    // From before the recording began.
    if (this.track === undefined || position < 0) return;
    const end = position + pcm.length / (this.#channels * BYTES_PER_SAMPLE);
    // Nothing is made up where something was said.
    if (!this.#taken.isFree(position, end)) return;
    const refused = this.track.offer(position, pcm, 0);
    if (refused > 0) this.#drop(this.track, position, end, refused);
    else this.#concealed.add(position, end);
    this.ledger.conceal(end - position - refused);
  }

  /** Called by the timeline. */
  refuse(): void {
    this.ledger.settle("ahead");
  }

  /** Called by the timeline: all of it was speech without a hole. A fresh decoder makes the same of it again. */
  retract(from: number, to: number): void {
    this.#decoder?.close();
    this.#decoder = undefined;
    this.track?.offerSilence(from, to);
  }

  /** Its place has been passed: it is written where it belongs, over what was made up there. */
  #patch(packet: MediaPacket): void {
    const track = this.#trackFor(packet);
    if (track === undefined) return;
    const room = this.#timeline.patch(packet, !packet.held);
    if (room === undefined) {
      this.ledger.settle("late");
      return;
    }
    const pcm = this.#lateDecoder.decode(packet.sequence, packet.media);
    const heard = this.#offer(track, pcm && track.turns.fit(pcm, room), room, packet, false);
    if (heard === undefined) return;
    const replaced = this.#concealed.replace(heard.start, heard.end);
    this.ledger.conceal(-replaced);
    this.#find(track, heard.start, heard.end, heard.end - heard.start - replaced);
  }

  /** The track on which a packet is to be heard; settles one that is for none. */
  #trackFor(packet: MediaPacket): Track | undefined {
    const { track } = this;
    if (track === undefined) {
      this.ledger.settle("locked");
      return undefined;
    }
    // A person who only ever sent silence frames has said nothing, and has no track.
    if (track.number === 0 && packet.silent) {
      this.ledger.settle("written");
      return undefined;
    }
    return track;
  }

  /** Offers what a packet was decoded and fitted to, and settles it. The part of its room that it is heard in. */
  #offer(
    track: Track,
    pcm: Buffer | undefined,
    room: Room,
    packet: MediaPacket,
    inOrder: boolean,
  ): Room | undefined {
    if (pcm === undefined) {
      if (!packet.settled) track.account.gaps.add("undecodable", room.start, room.end);
      this.#settle(packet, "undecodable");
      return undefined;
    }
    const share = room.end <= 0 ? undefined : track.turns.shareOf(this.#speaker, room, inOrder);
    if (share === undefined) {
      // It is from before the recording began, or another segment is heard there. Of silence nothing is missing.
      this.#settle(packet, packet.silent ? "written" : "late");
      return undefined;
    }
    track.heardAt(Math.max(0, share.start));
    const refused = track.offer(share.start, track.turns.cut(pcm, room, share), packet.settled ? 0 : 1);
    this.#settle(packet, refused === 0 ? "written" : "dropped");
    if (refused === 0) {
      if (!packet.silent) track.turns.say(this.#speaker, share);
      return share;
    }
    this.#drop(track, share.start, share.end, refused);
    return undefined;
  }

  #settle(packet: MediaPacket, outcome: Outcome): void {
    if (!packet.settled) this.ledger.settle(outcome);
    packet.settled = true;
  }

  /** The full queue refused some of these. */
  #drop(track: Track, from: number, to: number, samples: number): void {
    this.ledger.drop(samples);
    track.account.gaps.add("queue", from, to, samples);
  }

  /** What is not made up of a hole is lost. */
  #fillHole(track: Track, decoder: OpusDecoder, hole: Hole, next: Buffer): void {
    if (track.number === 0) return;
    const { atBeginning, atEnd } = concealHole(hole, next, this.#channels, decoder, this);
    // Where in it the sender paused is not known: it lies anywhere in what is left silent.
    const from = Math.max(0, hole.from + atBeginning);
    const to = hole.to - atEnd;
    const lost = Math.min(hole.lostSamples - atBeginning - atEnd, to - from);
    if (lost <= 0) return;
    this.ledger.lose(lost);
    track.account.gaps.add("network", from, to, lost);
  }

  /** What was taken for lost has come late; a patch that fills what never was missing is taken off nothing. */
  #find(track: Track, from: number, to: number, samples: number): void {
    const found = track.account.gaps.fill("network", from, to, samples);
    if (found > 0) this.ledger.lose(-found);
  }
}
