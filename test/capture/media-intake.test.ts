import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, samplesOfMs } from "../../src/audio/pcm.ts";
import { readSenderNews } from "../../src/capture/sender-map.ts";
import { DaveyMembers } from "../simulator/dave/davey-members.ts";
import { createExternalSender, DaveRoom } from "../simulator/dave/room.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { SILENCE_FRAME } from "../simulator/voice/rtp-packet.ts";
import { IntakeBench } from "./intake-bench.ts";

const CHANNEL = "1234567890123456789";
const [BOT, ANNA, BEN] = ["1000", "1001", "1002"] as const;
const FRAME_MS = 20;
const OP_SPEAKING = 5;
const OP_VIDEO = 12;
const OP_LEFT = 13;
const speech = toneSpeech(440, 1).packets;

/** Somebody who sends under one SSRC in step with the bench's clock. */
class Sender {
  readonly #bench: IntakeBench;
  readonly #ssrc: number;
  readonly #seal: (frame: Buffer) => Buffer;
  #sequence = 65_500;
  /** When each frame was sent. */
  readonly sentAtMs: number[] = [];

  constructor(bench: IntakeBench, ssrc: number, seal: (frame: Buffer) => Buffer = (frame) => frame) {
    this.#bench = bench;
    this.#ssrc = ssrc;
    this.#seal = seal;
  }

  speak(frames: number): void {
    const bench = this.#bench;
    for (let frame = 0; frame < frames; frame++) {
      const plain = speech[frame % speech.length];
      assert.ok(plain);
      this.sentAtMs.push(bench.nowMs);
      bench.receive(this.#ssrc, this.#sequence++, samplesOfMs(bench.nowMs), this.#seal(plain));
      bench.pass(FRAME_MS);
    }
  }
}

function learn(bench: IntakeBench, op: number, data: unknown): void {
  const news = readSenderNews(op, data);
  assert.ok(news, `op ${op} is understood`);
  bench.intake.learn(news, bench.nowMs);
}

function assertAllPlaced(bench: IntakeBench, userId: string, sentAtMs: readonly number[]): void {
  const counts = bench.countsOf(userId);
  assert.equal(counts.written, sentAtMs.length, JSON.stringify(counts));
  assert.deepEqual(bench.positions.get(userId), sentAtMs.map(samplesOfMs));
}

for (const seconds of [30, 100])
  test(`speech whose sender is named ${seconds} s later is placed where it was said`, () => {
    const bench = new IntakeBench(BOT);
    const anna = new Sender(bench, 11);
    for (let atS = 0; atS < seconds; atS += 10) {
      anna.speak(50);
      bench.pass(9_000);
    }
    assert.equal(bench.positions.size, 0);
    learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
    anna.speak(50);
    bench.pass(2_000);
    bench.close();
    assertAllPlaced(bench, ANNA, anna.sentAtMs);
    assert.equal(bench.counts.unattributed, 0);
  });

test("speech whose sender is never named is given up after two minutes, and counted as nobody's", () => {
  const bench = new IntakeBench(BOT);
  const nobody = new Sender(bench, 11);
  nobody.speak(50);
  bench.pass(118_900);
  assert.equal(bench.intake.heldPackets, 50);
  bench.pass(1_200);
  assert.equal(bench.intake.heldPackets, 0);
  bench.close();
  assert.equal(bench.counts.unattributed, 50);
});

test("a camera's announcement names the sender of the audio as well", () => {
  const bench = new IntakeBench(BOT);
  const anna = new Sender(bench, 11);
  anna.speak(20);
  learn(bench, OP_VIDEO, { user_id: ANNA, audio_ssrc: 11, video_ssrc: 12 });
  anna.speak(20);
  bench.pass(1_000);
  bench.close();
  assertAllPlaced(bench, ANNA, anna.sentAtMs);
});

test("what is under way when somebody leaves is theirs for two seconds, and nobody's after that", () => {
  const bench = new IntakeBench(BOT);
  const anna = new Sender(bench, 11);
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
  anna.speak(20);
  learn(bench, OP_LEFT, { user_id: ANNA });
  anna.speak(50);
  const theirs = [...anna.sentAtMs];
  bench.pass(2_000);
  anna.speak(10);
  bench.close();
  assertAllPlaced(bench, ANNA, theirs);
  assert.equal(bench.counts.unattributed, 10);
});

test("somebody under a new number keeps the old one for five seconds", () => {
  const bench = new IntakeBench(BOT);
  const [before, after] = [new Sender(bench, 11), new Sender(bench, 12)];
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
  before.speak(20);
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 12, speaking: 1 });
  bench.pass(4_000);
  before.speak(10);
  after.speak(20);
  bench.pass(2_000);
  before.speak(5);
  bench.pass(200);
  bench.close();
  const written = [...before.sentAtMs.slice(0, 30), ...after.sentAtMs];
  assertAllPlaced(bench, ANNA, written);
  assert.equal(bench.counts.unattributed, 5);
});

test("a number given to somebody else leaves what was said under it to whoever said it", () => {
  const bench = new IntakeBench(BOT);
  const [anna, ben] = [new Sender(bench, 11), new Sender(bench, 11)];
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
  anna.speak(20);
  learn(bench, OP_SPEAKING, { user_id: BEN, ssrc: 11, speaking: 1 });
  ben.speak(20);
  bench.pass(1_000);
  bench.close();
  assertAllPlaced(bench, ANNA, anna.sentAtMs);
  assertAllPlaced(bench, BEN, ben.sentAtMs);
});

/** An encrypted call of the bot, Anna and Ben, and how each seals. */
function encryptedCall(): {
  readonly bench: IntakeBench;
  readonly known: NonNullable<IntakeBench["dave"]>;
  readonly sealAs: (userId: string) => (frame: Buffer) => Buffer;
} {
  const room = new DaveRoom({ channelId: CHANNEL, externalSender: createExternalSender() });
  const call = new DaveyMembers(room, CHANNEL);
  call.join(BOT, ANNA, BEN);
  call.settle();
  const bench = new IntakeBench(BOT);
  const known = { protocolVersion: 1, session: call.member(BOT).session };
  bench.dave = known;
  bench.members = [BOT, ANNA, BEN];
  return { bench, known, sealAs: (userId) => (frame) => call.member(userId).session.encryptOpus(frame) };
}

test("a person's new number that nobody announced is found by their key, though they have one already", () => {
  const { bench, sealAs } = encryptedCall();
  const [before, after, ben] = [
    new Sender(bench, 11, sealAs(ANNA)),
    new Sender(bench, 12, sealAs(ANNA)),
    new Sender(bench, 13, sealAs(BEN)),
  ];
  for (const [user_id, ssrc] of [
    [ANNA, 11],
    [BEN, 13],
  ])
    learn(bench, OP_SPEAKING, { user_id, ssrc, speaking: 1 });
  before.speak(20);
  ben.speak(20);
  after.speak(50);
  bench.pass(6_000);
  bench.close();
  assertAllPlaced(bench, ANNA, [...before.sentAtMs, ...after.sentAtMs]);
  assertAllPlaced(bench, BEN, ben.sentAtMs);
  assert.equal(bench.counts.unattributed, 0);
});

test("keys that come 40 s late open everything they can, however much before it never opens", () => {
  const { bench, known, sealAs } = encryptedCall();
  const seal = sealAs(ANNA);
  bench.dave = undefined;
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
  let spoiled = 500;
  const anna = new Sender(bench, 11, (frame) => {
    const sealed = Buffer.from(seal(frame));
    if (spoiled-- > 0) sealed.writeUInt8(sealed.readUInt8(0) ^ 0xff, 0);
    return sealed;
  });
  anna.speak(2_000);
  bench.dave = known;
  bench.intake.keysChanged();
  anna.speak(100);
  bench.pass(2_000);
  bench.close();
  const counts = bench.countsOf(ANNA);
  assert.deepEqual([counts.written, counts.expired], [1_600, 500], JSON.stringify(counts));
  assert.equal(counts.received, 2_100);
  const [first] = bench.positions.get(ANNA) ?? [];
  assert.equal(first, 500 * FRAME_SAMPLES);
});

test("speech in clear in an encrypted call is kept apart and counted, silence frames are taken", () => {
  const { bench } = encryptedCall();
  learn(bench, OP_SPEAKING, { user_id: ANNA, ssrc: 11, speaking: 1 });
  const anna = new Sender(bench, 11);
  anna.speak(50);
  bench.receive(11, 65_550, samplesOfMs(bench.nowMs), SILENCE_FRAME);
  bench.pass(1_000);
  assert.equal(bench.intake.heldPackets, 50);
  bench.close();
  const counts = bench.countsOf(ANNA);
  assert.deepEqual([counts.expired, counts.written], [50, 1], JSON.stringify(counts));
  assert.equal(bench.positions.size, 0, "nothing of it can be heard");
});

test("a thousand senders that nobody knows cost a tick no more than one look at the members", () => {
  const { bench, sealAs } = encryptedCall();
  const sealed = sealAs(ANNA)(speech[0] ?? Buffer.alloc(0)).fill(7, 0, 20);
  for (let ssrc = 1; ssrc <= 1_000; ssrc++) bench.receive(ssrc, 1, 0, sealed);
  let looks = 0;
  const members = bench.members;
  Object.defineProperty(bench, "members", { get: () => (looks++, members) });
  bench.tick();
  assert.equal(bench.intake.heldPackets, 1_000);
  assert.equal(looks, 1);
});
