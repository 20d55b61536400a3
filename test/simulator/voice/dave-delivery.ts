import { performance } from "node:perf_hooks";
import { DaveRoom } from "../dave/room.ts";
import type { DaveOutput, ExternalSender } from "../dave/room.ts";
import { DaveProgress } from "./dave-progress.ts";
import type { RoomEncryption, RoomMember, VoiceRoom } from "./voice-room.ts";

const TICK_MS = 100;

type Message =
  | { readonly kind: "binary"; readonly op: number; readonly body: Buffer }
  | { readonly kind: "json"; readonly op: number; readonly data: object };

/**
 * Lives on the simulator's thread: carries the messages between a channel's DAVE group and its members. Clients get theirs
 * at once; simulated people one per turn of the event loop, since a change costs each of them milliseconds of MLS and the
 * others' speech must be sent in time.
 */
export class DaveDelivery implements RoomEncryption {
  readonly #room: VoiceRoom;
  readonly #group: DaveRoom;
  readonly #problem: (text: string) => void;
  readonly #ticks: NodeJS.Timeout;
  readonly #forPeople: { readonly member: RoomMember; readonly message: Message }[] = [];
  readonly #progress = new DaveProgress();
  #reported = 0;
  #delivering: NodeJS.Immediate | undefined;

  constructor(room: VoiceRoom, externalSender: ExternalSender, problem: (text: string) => void) {
    this.#room = room;
    this.#problem = problem;
    this.#group = new DaveRoom({ channelId: room.channelId, externalSender });
    this.#ticks = setInterval(() => this.#send(this.#group.tick(performance.now())), TICK_MS);
  }

  get settled(): boolean {
    return this.#room.size <= 1 || (this.#progress.settled && this.#forPeople.length === 0);
  }

  get version(): 0 | 1 {
    return this.#group.version;
  }

  change(version: 0 | 1): void {
    this.#send(version === 0 ? this.#group.downgrade() : this.#group.upgrade());
  }

  join(userId: string): void {
    this.#send(this.#group.join(userId));
  }

  leave(userId: string): void {
    this.#progress.left(userId);
    this.#send(this.#group.leave(userId));
  }

  receive(userId: string, op: number, body: unknown): void {
    // Whoever has just left is no longer in the group; what was under way is void.
    if (this.#room.member(userId) === undefined) return;
    if (op !== 23 && op !== 26 && op !== 28 && op !== 31) return this.#problem(`DAVE op ${op} of ${userId}`);
    if (typeof body !== "object" || body === null) return this.#problem(`empty op ${op} of ${userId}`);
    this.#send(this.#group.receive(userId, op, body));
  }

  tell(member: RoomMember, op: number, data: object): void {
    this.#dispatch(member, { kind: "json", op, data });
  }

  close(): void {
    clearInterval(this.#ticks);
    clearImmediate(this.#delivering);
    this.#forPeople.length = 0;
  }

  #send(outputs: readonly DaveOutput[]): void {
    for (const output of outputs) {
      this.#progress.note(output);
      const member = this.#room.member(output.to);
      if (member !== undefined) this.#dispatch(member, output);
    }
    for (; this.#reported < this.#group.problems.length; this.#reported++)
      this.#problem(`DAVE: ${this.#group.problems[this.#reported]}`);
  }

  #dispatch(member: RoomMember, message: Message): void {
    if (!member.simulated) return hand(member, message);
    this.#forPeople.push({ member, message });
    this.#delivering ??= setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#delivering = undefined;
    const next = this.#forPeople.shift();
    if (next === undefined) return;
    const { member, message } = next;
    if (this.#room.member(member.userId) === member) hand(member, message);
    if (this.#forPeople.length > 0) this.#delivering ??= setImmediate(() => this.#deliver());
  }
}

function hand(member: RoomMember, message: Message): void {
  if (message.kind === "json") member.json(message.op, message.data);
  else member.binary(message.op, message.body);
}
