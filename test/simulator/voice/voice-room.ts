import type { OpenedRtp } from "./rtp-packet.ts";
import type { VoiceFaults } from "./voice-faults.ts";

/** Somebody in a voice channel: a client with a websocket, or a simulated person in this process. */
export interface RoomMember {
  readonly userId: string;
  readonly ssrc: number;
  /** Whether it is a simulated person rather than a client. */
  readonly simulated: boolean;
  /** A JSON message of the voice gateway. */
  json(op: number, data: unknown): void;
  /** A binary message, without sequence number and op. */
  binary(op: number, body: Buffer): void;
  /** A packet somebody else sent. The payload may be end-to-end encrypted. */
  media(packet: OpenedRtp, fromUserId: string): void;
}

/** What encrypts a channel end to end; the server's half of DAVE. */
export interface RoomEncryption {
  /** Whether everybody's keys are those of the people present. */
  readonly settled: boolean;
  /** Protocol version: 0 while media is sent in clear. */
  readonly version: 0 | 1;
  /** Ends or begins encryption in mid-call. */
  change(version: 0 | 1): void;
  join(userId: string): void;
  leave(userId: string): void;
  receive(userId: string, op: number, body: unknown): void;
  /** Hands a member a message behind everything of the encryption that is on its way to them. */
  tell(member: RoomMember, op: number, data: object): void;
  close(): void;
}

/** Lives on the simulator's thread: one voice channel on the voice server: who is there, who speaks, who hears it. */
export class VoiceRoom {
  readonly channelId: string;
  encryption: RoomEncryption | undefined;
  readonly #members = new Map<string, RoomMember>();
  /** Last speaking flags (op 5) of those who ever spoke. */
  readonly #speaking = new Map<string, number>();
  readonly #faults: VoiceFaults;

  constructor(channelId: string, faults: VoiceFaults) {
    this.channelId = channelId;
    this.#faults = faults;
  }

  get size(): number {
    return this.#members.size;
  }

  member(userId: string): RoomMember | undefined {
    return this.#members.get(userId);
  }

  /** Tells both sides who is there (op 11), the newcomer who speaks (op 5), and begins DAVE. */
  join(member: RoomMember): void {
    const others = [...this.#members.values()];
    this.#members.set(member.userId, member);
    if (!this.#faults.omitClientsConnect) {
      for (const other of others) this.#tellPresence(other, 11, { user_ids: [member.userId] });
      if (others.length > 0)
        this.#tellPresence(member, 11, { user_ids: others.map((other) => other.userId) });
    }
    if (!this.#faults.omitSpeaking) {
      for (const other of others) {
        const flags = this.#speaking.get(other.userId);
        if (flags !== undefined) this.#tellSpeaking(other, flags, [member]);
      }
    }
    this.encryption?.join(member.userId);
  }

  leave(member: RoomMember): void {
    const { userId } = member;
    // A client that came back under the same name is somebody else's concern.
    if (this.#members.get(userId) !== member) return;
    this.#members.delete(userId);
    this.#speaking.delete(userId);
    this.encryption?.leave(userId);
    for (const other of this.#members.values()) this.#tellPresence(other, 13, { user_id: userId });
  }

  /** Op 5: relayed when the flags change. */
  speak(member: RoomMember, flags: number): void {
    if (this.#speaking.get(member.userId) === flags) return;
    this.#speaking.set(member.userId, flags);
    if (!this.#faults.omitSpeaking) this.#tellSpeaking(member, flags, this.#others(member));
  }

  /** Tells everybody else something about a member, out of turn. */
  tell(member: RoomMember, op: number, data: object): void {
    for (const other of this.#others(member)) other.json(op, { user_id: member.userId, ...data });
  }

  /**
   * Hands a packet to everybody else who listens. Simulated people do not listen to each other: that would cost as many
   * decryptions as there are pairs of them, and nobody would know.
   */
  forward(from: RoomMember, packet: OpenedRtp): void {
    for (const member of this.#members.values()) {
      if (member === from || (from.simulated && member.simulated)) continue;
      if (!this.#faults.deafened.has(member.userId)) member.media(packet, from.userId);
    }
  }

  /** Who is there decides which proposals are valid: the order of both must be the server's. */
  #tellPresence(to: RoomMember, op: 11 | 13, data: object): void {
    if (this.encryption === undefined) to.json(op, data);
    else this.encryption.tell(to, op, data);
  }

  #others(member: RoomMember): RoomMember[] {
    return [...this.#members.values()].filter((other) => other !== member);
  }

  #tellSpeaking(member: RoomMember, flags: number, listeners: readonly RoomMember[]): void {
    const delayMs = this.#faults.speakingDelaysMs.get(member.userId) ?? 0;
    const tell = (): void => {
      for (const listener of listeners) listener.json(5, speakingData(member, flags));
    };
    if (delayMs === 0) return tell();
    if (delayMs < Infinity) setTimeout(tell, delayMs).unref();
  }
}

function speakingData(member: RoomMember, flags: number): object {
  return { user_id: member.userId, ssrc: member.ssrc, speaking: flags };
}
