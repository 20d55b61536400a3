import { performance } from "node:perf_hooks";
import { SILENCE_FRAME } from "../voice/rtp-packet.ts";
import type { OpenedRtp } from "../voice/rtp-packet.ts";
import type { RoomMember, VoiceRoom } from "../voice/voice-room.ts";
import { DaveMember } from "./dave-member.ts";
import type { Paced, Pacer } from "./pacer.ts";
import type { Speech } from "./speech.ts";

const FRAME_SAMPLES = 960;
const SILENCE_FRAMES = 5;
const READY_MS = 60_000;
/** Between "I will speak" (op 5) and the first packet: a client needs to know the SSRC before it can place audio. */
const LEAD_FRAMES = 5;

export type SentFrame = {
  /** Wall clock, ms since 1970 with fractions. */
  readonly sentAtMs: number;
  readonly sequence: number;
  readonly timestamp: number;
};

/** How a client numbers what it sends; what is absent is as with most. */
export type SenderTraits = {
  /** 16 bits; wraps. */
  readonly firstSequence?: number;
  /** 32 bits, of the first packet; wraps. */
  readonly firstTimestamp?: number;
  /** How much faster the client's clock is than true time, in millionths. */
  readonly clockPpm?: number;
  /** Where in every 20 ms the client's frames begin; by default where everybody's do. */
  readonly phaseMs?: number;
  /** `running` (default): timestamps go on in silence. `per-packet`: they stand still, as those of many music bots. */
  readonly timestamps?: "running" | "per-packet";
};

export type SeatOptions = {
  readonly userId: string;
  readonly ssrc: number;
  readonly room: VoiceRoom;
  readonly pacer: Pacer;
  readonly dave: boolean;
  readonly problem: (text: string) => void;
  readonly onLeave: () => void;
  readonly traits: SenderTraits;
};

/**
 * Lives on the simulator's thread: a simulated person's place in a voice channel. Speaks as a client does: 20 ms per
 * packet, five frames of silence after each speech, timestamps that run on while nothing is sent.
 */
export class Seat implements RoomMember, Paced {
  readonly simulated = true;
  readonly userId: string;
  /** Everything sent, the frames of silence included, oldest first. */
  readonly sent: SentFrame[] = [];
  /** Speech sent without end-to-end encryption, silence frames aside. */
  clearFrames = 0;
  /** What came from clients: opened, and (DAVE) not to be opened. Frames of silence count as opened. */
  readonly heard = { opened: 0, failed: 0 };
  /** Padding-only packets sent. */
  padded = 0;
  readonly #room: VoiceRoom;
  readonly #pacer: Pacer;
  readonly #onLeave: () => void;
  readonly #dave: DaveMember | undefined;
  /** What is still to be sent; undefined is a frame's time without a packet. */
  readonly #frames: (Buffer | undefined)[] = [];
  /** Ends of speeches: resolved once so many frames were taken. */
  readonly #ends: { readonly at: number; readonly done: () => void }[] = [];
  #queued = 0;
  #taken = 0;
  #spoke = false;
  #left = false;
  #ssrc: number;
  #sequence: number;
  #firstTimestamp: number;
  readonly #perPacket: boolean;
  /** Tick of the first packet under this SSRC. */
  #firstTick: number | undefined;
  /** Media packets under this SSRC. */
  #packets = 0;
  /** Of the media packet sent last. */
  #timestamp: number;

  constructor(options: SeatOptions) {
    this.userId = options.userId;
    this.#ssrc = options.ssrc;
    this.#room = options.room;
    this.#pacer = options.pacer;
    this.#onLeave = options.onLeave;
    this.#sequence = options.traits.firstSequence ?? options.ssrc & 0xffff;
    this.#firstTimestamp = options.traits.firstTimestamp ?? originOf(options.ssrc);
    this.#timestamp = this.#firstTimestamp;
    this.#perPacket = options.traits.timestamps === "per-packet";
    if (options.dave) this.#dave = new DaveMember(options);
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /** Whether the person may speak: DAVE is off, ready, or there is nobody to hear. */
  get #maySpeak(): boolean {
    return this.#dave === undefined || this.#dave.isReady || this.#room.size <= 1;
  }

  /** Resolves once the person may speak. Rejects after a minute: ten members take turns on a busy machine. */
  async ready(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (!this.#maySpeak && !this.#left) {
      if (performance.now() > deadline)
        throw new Error(`No end-to-end encryption for ${this.userId} within ${READY_MS} ms.`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Fault: from now on, or no longer, the person's media is encrypted with a key that nobody else has. */
  encryptWrongly(wrongly: boolean): void {
    if (this.#dave === undefined) throw new Error("This call is not encrypted.");
    this.#dave.sealsWrongly = wrongly;
  }

  /** Speaks, after what is being said already; resolves when the last frame has been sent, or the person left. */
  say(speech: Speech): Promise<void> {
    if (this.#left) return Promise.reject(new Error(`${this.userId} has left.`));
    const lead = this.#spoke ? 0 : LEAD_FRAMES;
    if (!this.#spoke) this.#room.speak(this, 1);
    this.#spoke = true;
    for (let frame = 0; frame < lead; frame++) this.#frames.push(undefined);
    this.#frames.push(...speech.packets);
    for (let frame = 0; frame < SILENCE_FRAMES; frame++) this.#frames.push(SILENCE_FRAME);
    this.#queued += lead + speech.packets.length + SILENCE_FRAMES;
    this.#pacer.add(this);
    return new Promise((done) => this.#ends.push({ at: this.#queued, done }));
  }

  /** Sends padding-only packets at once, as a server that probes the bandwidth does: they use up sequence numbers. */
  pad(packets: number, paddingBytes = 255): void {
    for (let packet = 0; packet < packets; packet++) {
      const sequence = this.#nextSequence();
      const { ssrc } = this;
      this.padded++;
      const rtp = { sequence, timestamp: this.#timestamp, ssrc, payload: Buffer.alloc(0), paddingBytes };
      this.#room.forward(this, rtp);
    }
  }

  /**
   * Goes on under another SSRC, with numbers and timestamps of its own. Others hear of it by op 5 if `speaking`; before
   * that they are told that the person left and came (op 13, op 11) if `left`.
   */
  changeSsrc(ssrc: number, told: { readonly left: boolean; readonly speaking: boolean }): void {
    this.#ssrc = ssrc;
    this.#sequence = ssrc & 0xffff;
    this.#firstTimestamp = originOf(ssrc);
    this.#timestamp = this.#firstTimestamp;
    this.#firstTick = undefined;
    this.#packets = 0;
    if (told.left) {
      this.#room.tell(this, 13, {});
      this.#room.tell(this, 11, { user_ids: [this.userId] });
    }
    if (told.speaking) this.#room.tell(this, 5, { ssrc, speaking: 1 });
  }

  /** Shows a camera to the others (op 12), which names the SSRC of the voice as well. */
  showVideo(videoSsrc: number): void {
    this.#room.tell(this, 12, { audio_ssrc: this.ssrc, video_ssrc: videoSsrc });
  }

  /** Leaves the channel; what was not yet said stays unsaid. */
  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#pacer.remove(this);
    this.#room.leave(this);
    for (const { done } of this.#ends.splice(0)) done();
    this.#onLeave();
  }

  tick(tick: number): void {
    if (!this.#maySpeak) return; // waits for its epoch; the clock runs on
    const frame = this.#frames.shift();
    this.#taken++;
    if (frame !== undefined) this.#send(frame, tick);
    while (this.#ends[0] !== undefined && this.#ends[0].at <= this.#taken) this.#ends.shift()?.done();
    if (this.#frames.length === 0) this.#pacer.remove(this);
  }

  json(op: number, data: unknown): void {
    this.#dave?.json(op, data);
  }

  binary(op: number, body: Buffer): void {
    this.#dave?.binary(op, body, this.#frames);
  }

  media(packet: OpenedRtp, fromUserId: string): void {
    if (this.#dave === undefined || this.#dave.opens(packet.payload, fromUserId)) this.heard.opened++;
    else this.heard.failed++;
  }

  #send(frame: Buffer, tick: number): void {
    const sequence = this.#nextSequence();
    this.#firstTick ??= tick;
    const frames = this.#perPacket ? this.#packets : tick - this.#firstTick;
    const timestamp = (this.#firstTimestamp + frames * FRAME_SAMPLES) >>> 0;
    this.#packets++;
    this.#timestamp = timestamp;
    const payload = this.#dave?.seal(frame) ?? frame;
    if (payload === frame && frame !== SILENCE_FRAME) this.clearFrames++;
    this.sent.push({ sentAtMs: performance.timeOrigin + performance.now(), sequence, timestamp });
    this.#room.forward(this, { sequence, timestamp, ssrc: this.ssrc, payload });
  }

  #nextSequence(): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    return sequence;
  }
}

/** Where the timestamps of an SSRC begin: anywhere, but the same every time. */
function originOf(ssrc: number): number {
  return (ssrc * 48_000) >>> 0;
}
