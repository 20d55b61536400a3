import assert from "node:assert/strict";
import { test } from "node:test";
import { createExternalSender, DaveRoom } from "../dave/room.ts";
import type { DaveOutput } from "../dave/room.ts";
import { noVoiceFaults } from "../voice/voice-faults.ts";
import { VoiceRoom } from "../voice/voice-room.ts";
import { DaveMember } from "./dave-member.ts";

const CHANNEL = "1234567890123456789";
const [ANNA, BEN, CHLOE, DAN] = ["1001", "1002", "1003", "1004"] as const;

/** People and their group, with a say in who gets what when. */
class Call {
  readonly people = new Map<string, DaveMember>();
  /** How many commits (op 29) may still reach somebody; what follows waits too. Nothing waits for who is not named. */
  readonly #commits = new Map<string, number>();
  readonly #group = new DaveRoom({ channelId: CHANNEL, externalSender: createExternalSender() });
  readonly #room = new VoiceRoom(CHANNEL, noVoiceFaults());
  readonly #outputs: DaveOutput[] = [];
  readonly #upcoming: readonly Buffer[];

  /** `upcoming`: what everybody is about to say when a change is announced. */
  constructor(upcoming: readonly Buffer[]) {
    this.#upcoming = upcoming;
    this.#room.encryption = {
      join: () => {},
      leave: () => {},
      receive: (userId, op, body) =>
        void this.#outputs.push(...this.#group.receive(userId, op as 23, body as object)),
      tell: (member, op, data) => member.json(op, data),
      close: () => {},
      settled: true,
      version: 1,
      change: () => {},
    };
  }

  get problems(): readonly string[] {
    return this.#group.problems;
  }

  join(...userIds: readonly string[]): void {
    for (const userId of userIds) {
      const problem = (text: string): void => assert.fail(text);
      this.people.set(userId, new DaveMember({ userId, room: this.#room, problem }));
      const everybody = { user_ids: [...this.people.keys()] };
      for (const person of this.people.values()) person.json(11, everybody);
      this.#outputs.push(...this.#group.join(userId));
    }
    this.deliver();
  }

  person(userId: string): DaveMember {
    const person = this.people.get(userId);
    assert.ok(person);
    return person;
  }

  /** So many commits more, and what comes before the next one, reach somebody. */
  allow(userId: string, commits: number): void {
    this.#commits.set(userId, commits);
    this.deliver();
  }

  deliver(): void {
    const held: DaveOutput[] = [];
    for (let output = this.#outputs.shift(); output !== undefined; output = this.#outputs.shift()) {
      if (this.#waits(output, held)) held.push(output);
      else if (output.kind === "json") this.person(output.to).json(output.op, output.data);
      else this.person(output.to).binary(output.op, output.body, this.#upcoming);
    }
    this.#outputs.push(...held);
  }

  #waits({ to, op }: DaveOutput, held: readonly DaveOutput[]): boolean {
    if (held.some((earlier) => earlier.to === to)) return true;
    const left = this.#commits.get(to);
    if (op !== 29 || left === undefined) return false;
    this.#commits.set(to, Math.max(0, left - 1));
    return left === 0;
  }
}

const frames = Array.from({ length: 6 }, (_, index) => Buffer.from(`opus frame ${index}`));
const [first, second, third, fourth] = frames as [Buffer, Buffer, Buffer, Buffer];

test("speech goes on with the old keys until everybody has the new ones", () => {
  const call = new Call(frames);
  call.join(ANNA, BEN);
  call.allow(BEN, 0);
  call.join(CHLOE);
  const sealed = call.person(ANNA).seal(first);
  assert.ok(!sealed.includes(first), "the frame left in clear");
  assert.equal(call.person(BEN).opens(sealed, ANNA), true);
  assert.equal(call.person(CHLOE).opens(sealed, ANNA), false, "who has just come has no old keys");

  call.allow(BEN, 1);
  const later = call.person(ANNA).seal(second);
  for (const listener of [BEN, CHLOE]) assert.equal(call.person(listener).opens(later, ANNA), true);
  assert.deepEqual(call.problems, []);
});

test("of two changes under way, speech takes the keys of the first one once that is executed", () => {
  const call = new Call(frames);
  const heardBy = (frame: Buffer): string[] => {
    const sealed = call.person(ANNA).seal(frame);
    return [BEN, CHLOE, DAN].filter((listener) => call.person(listener).opens(sealed, ANNA));
  };
  call.join(ANNA, BEN);
  call.allow(BEN, 0);
  call.join(CHLOE);
  call.join(DAN); // Anna and Chloe have gone on, while Ben has not even heard of Chloe
  assert.deepEqual(heardBy(first), [BEN]);
  call.allow(BEN, 1);
  assert.deepEqual(heardBy(second), [BEN, CHLOE]);
  call.allow(BEN, 1);
  assert.deepEqual(heardBy(third), [BEN, CHLOE, DAN]);
  assert.deepEqual(call.problems, []);
});

test("what somebody says only after a change was announced has the new keys at once", () => {
  const call = new Call([]);
  call.join(ANNA, BEN);
  call.allow(BEN, 0);
  call.join(CHLOE);
  const sealed = call.person(ANNA).seal(fourth);
  assert.equal(call.person(BEN).opens(sealed, ANNA), false);
  assert.equal(call.person(CHLOE).opens(sealed, ANNA), true);
});
