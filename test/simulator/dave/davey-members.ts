import { DaveyMember } from "./davey-member.ts";
import type { Reply } from "./davey-member.ts";
import type { DaveOutput, DaveRoom } from "./room.ts";

/** Members and their room, wired by queues: every message of a step is delivered before the step ends. */
export class DaveyMembers {
  readonly room: DaveRoom;
  readonly members = new Map<string, DaveyMember>();
  /** What the room sent to people who are not davey members. */
  readonly forOthers: DaveOutput[] = [];
  readonly #channelId: string;
  /** Everybody who ever came: the word that somebody left (op 13) may follow their last proposal. */
  readonly #announced = new Set<string>();
  readonly #down: DaveOutput[] = [];
  readonly #up: { readonly from: string; readonly reply: Reply }[] = [];

  constructor(room: DaveRoom, channelId: string) {
    this.room = room;
    this.#channelId = channelId;
  }

  /** They announce themselves and send their key packages before any answer to those is delivered. */
  join(...userIds: readonly string[]): void {
    for (const userId of userIds) {
      this.#announced.add(userId);
      this.members.set(userId, new DaveyMember(userId, this.#channelId));
      this.#down.push(...this.room.join(userId));
    }
    for (const userId of userIds) this.#up.push({ from: userId, reply: this.member(userId).keyPackage() });
  }

  /** Somebody of another kind, who answers nothing but a key package. */
  joinOther(userId: string, keyPackage: Buffer): void {
    this.#announced.add(userId);
    this.#down.push(...this.room.join(userId), ...this.room.receive(userId, 26, keyPackage));
  }

  leave(userId: string): void {
    this.members.delete(userId);
    this.#down.push(...this.room.leave(userId));
  }

  send(from: string, ...replies: readonly Reply[]): void {
    for (const reply of replies) this.#up.push({ from, reply });
  }

  member(userId: string): DaveyMember {
    const member = this.members.get(userId);
    if (member === undefined) throw new RangeError(`no member ${userId}`);
    return member;
  }

  /** Delivers what members have sent; the room's answers stay under way. */
  deliverUp(): void {
    for (const { from, reply } of this.#up.splice(0)) {
      if (this.members.has(from)) this.#down.push(...this.room.receive(from, reply.op, reply.body));
    }
  }

  /** Delivers until nobody has anything left to say. */
  settle(): void {
    for (let rounds = 0; this.#down.length + this.#up.length > 0; rounds += 1) {
      if (rounds > 10_000) throw new RangeError("the room and its members never come to rest");
      this.deliverUp();
      for (const output of this.#down.splice(0)) {
        const member = this.members.get(output.to);
        if (member === undefined) this.forOthers.push(output);
        else this.send(output.to, ...member.receive(output, [...this.#announced]));
      }
    }
  }
}
