import { performance } from "node:perf_hooks";
import { SILENCE_FRAME } from "../voice/rtp-packet.ts";
import type { OpenedRtp } from "../voice/rtp-packet.ts";
import type { RoomMember, VoiceRoom } from "../voice/voice-room.ts";
import { DaveMember } from "./dave-member.ts";
import type { Paced, Pacer } from "./pacer.ts";
import type { Speech } from "./speech.ts";

const FRAME_SAMPLES = 960;
const SILENCE_FRAMES = 5;
/** Between "I will speak" (op 5) and the first packet: a client needs to know the SSRC before it can place audio. */
const LEAD_FRAMES = 5;

export type SentFrame = {
  /** Wall clock, ms since 1970 with fractions. */
  readonly sentAtMs: number;
  readonly sequence: number;
  readonly timestamp: number;
};

export type SeatOptions = {
  readonly userId: string;
  readonly ssrc: number;
  readonly room: VoiceRoom;
  readonly pacer: Pacer;
  readonly dave: boolean;
  readonly problem: (text: string) => void;
  readonly onLeave: () => void;
};

/**
 * Lives on the simulator's thread: a simulated person's place in a voice channel. Speaks as a client does: 20 ms per
 * packet, five frames of silence after each speech, timestamps that run on while nothing is sent.
 */
export class Seat implements RoomMember, Paced {
  readonly simulated = true;
  readonly userId: string;
  readonly ssrc: number;
  /** Everything sent, the frames of silence included, oldest first. */
  readonly sent: SentFrame[] = [];
  /** What came from clients: opened, and (DAVE) not to be opened. Frames of silence count as opened. */
  readonly heard = { opened: 0, failed: 0 };
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
  #sequence: number;
  readonly #timestampBase: number;

  constructor(options: SeatOptions) {
    this.userId = options.userId;
    this.ssrc = options.ssrc;
    this.#room = options.room;
    this.#pacer = options.pacer;
    this.#onLeave = options.onLeave;
    this.#sequence = options.ssrc & 0xffff;
    this.#timestampBase = (options.ssrc * 48_000) >>> 0;
    if (options.dave) this.#dave = new DaveMember(options);
  }

  /** Whether the person may speak: DAVE is off, ready, or there is nobody to hear. */
  get #maySpeak(): boolean {
    return this.#dave === undefined || this.#dave.isReady || this.#room.size <= 1;
  }

  /** Resolves once the person may speak. Rejects after 5 s. */
  async ready(): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!this.#maySpeak && !this.#left) {
      if (performance.now() > deadline)
        throw new Error(`No end-to-end encryption for ${this.userId} within 5 s.`);
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
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const timestamp = (this.#timestampBase + tick * FRAME_SAMPLES) >>> 0;
    const payload = this.#dave?.seal(frame) ?? frame;
    this.sent.push({ sentAtMs: performance.timeOrigin + performance.now(), sequence, timestamp });
    this.#room.forward(this, { sequence, timestamp, ssrc: this.ssrc, payload });
  }
}
