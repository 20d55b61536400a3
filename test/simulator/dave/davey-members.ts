import davey from "@snazzah/davey";
import type { DaveOutput, DaveRoom } from "./room.ts";

type Reply = { readonly op: 23 | 26 | 28 | 31; readonly body: Buffer | object };

/** A davey session that behaves towards the room as a voice client does. */
export class DaveyMember {
  readonly userId: string;
  readonly session: davey.DAVESession;
  readonly #channelId: string;
  /** Ids of transitions the room has executed (op 22). */
  readonly executed: number[] = [];
  /** How often it could not follow (op 31). */
  invalidations = 0;
  /** Keeps its confirmations (op 23) to itself. */
  isMute = false;

  constructor(userId: string, channelId: string) {
    this.userId = userId;
    this.#channelId = channelId;
    this.session = new davey.DAVESession(1, userId, channelId);
  }

  keyPackage(): Reply {
    return { op: 26, body: this.session.getSerializedKeyPackage() };
  }

  /** What it answers, in order. */
  receive(output: DaveOutput, recognized: readonly string[]): Reply[] {
    if (output.kind === "json") return this.#receiveJson(output.op, output.data);
    if (output.op === 25) {
      this.session.setExternalSender(output.body);
      return [];
    }
    if (output.op === 27) {
      const operations = [davey.ProposalsOperationType.APPEND, davey.ProposalsOperationType.REVOKE] as const;
      const operation = operations[output.body.readUInt8() === 0 ? 0 : 1];
      const { commit, welcome } = this.session.processProposals(operation, output.body.subarray(1), [
        ...recognized,
      ]);
      if (commit === undefined) return [];
      return [{ op: 28, body: welcome === undefined ? commit : Buffer.concat([commit, welcome]) }];
    }
    const transitionId = output.body.readUInt16BE();
    const message = output.body.subarray(2);
    try {
      if (output.op === 29) this.session.processCommit(message);
      else this.session.processWelcome(message);
    } catch {
      return this.startOver(transitionId);
    }
    return transitionId === 0 || this.isMute ? [] : [{ op: 23, body: { transition_id: transitionId } }];
  }

  /** Gives its group up, as after a commit it cannot process. */
  startOver(transitionId: number): Reply[] {
    this.invalidations += 1;
    this.session.reinit(1, this.userId, this.#channelId);
    return [{ op: 31, body: { transition_id: transitionId } }, this.keyPackage()];
  }

  #receiveJson(op: number, data: object): Reply[] {
    if (op === 22 && "transition_id" in data) this.executed.push(Number(data.transition_id));
    if (op !== 24) return [];
    this.session.reinit(1, this.userId, this.#channelId);
    return [this.keyPackage()];
  }
}

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
