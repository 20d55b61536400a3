import assert from "node:assert/strict";
import { test } from "node:test";
import davey from "@snazzah/davey";
import { DaveyMember } from "./davey-member.ts";
import { DaveyMembers } from "./davey-members.ts";
import { createExternalSender, DaveRoom } from "./room.ts";

const CHANNEL = "1234567890123456789";
const [ANNA, BEN, CHLOE, DAN, ERIK] = ["1001", "1002", "1003", "1004", "1005"] as const;

function voiceChannel(): DaveyMembers {
  return new DaveyMembers(
    new DaveRoom({ channelId: CHANNEL, externalSender: createExternalSender() }),
    CHANNEL,
  );
}

function assertAllHearEachOther(channel: DaveyMembers): void {
  for (const sender of channel.members.values()) {
    const frame = Buffer.from(`opus of ${sender.userId} in epoch ${sender.session.epoch}`);
    const sealed = sender.session.encryptOpus(frame);
    assert.ok(!sealed.includes(frame), "the frame left in clear");
    for (const listener of channel.members.values()) {
      if (listener === sender) continue;
      const opened = listener.session.decrypt(sender.userId, davey.MediaType.AUDIO, sealed);
      assert.ok(opened.equals(frame), `${listener.userId} hears ${sender.userId}`);
    }
  }
  assert.deepEqual(channel.room.problems, []);
}

test("two members found a group, hear each other, and one may leave", () => {
  const channel = voiceChannel();
  channel.join(ANNA);
  channel.settle();
  assert.equal(channel.room.epoch, 0n);
  channel.join(BEN);
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assertAllHearEachOther(channel);
  channel.join(CHLOE);
  channel.settle();
  assertAllHearEachOther(channel);
  channel.leave(ANNA);
  channel.settle();
  assert.equal(channel.room.epoch, 3n);
  assertAllHearEachOther(channel);
});

test("people who come at once are added by one commit", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE);
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assertAllHearEachOther(channel);
  channel.join(DAN, ERIK);
  channel.settle();
  assert.equal(channel.room.epoch, 2n);
  assertAllHearEachOther(channel);
});

test("each founder gets what they need to found the group, should the others be slow", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE);
  for (const userId of [ANNA, BEN]) channel.member(userId).isSlow = true;
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assert.equal(channel.member(CHLOE).session.ownLeafIndex, 0);
  assertAllHearEachOther(channel);
});

test("a leave and a join in one commit reuse the leaf of whoever left", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE, DAN);
  channel.settle();
  const leaf = channel.member(BEN).session.ownLeafIndex;
  channel.leave(BEN);
  channel.join(ERIK);
  channel.settle();
  assert.equal(channel.room.epoch, 2n);
  assert.equal(channel.member(ERIK).session.ownLeafIndex, leaf);
  assertAllHearEachOther(channel);
  channel.join(BEN);
  channel.settle();
  assertAllHearEachOther(channel);
  channel.leave(ERIK);
  channel.settle();
  assertAllHearEachOther(channel);
});

test("people who leave and come back in any order keep hearing each other", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE);
  channel.settle();
  const everybody = [ANNA, BEN, CHLOE, DAN, ERIK];
  for (let step = 0; step < 24; step += 1) {
    const userId = everybody[(step * 7 + (step >> 2)) % everybody.length] ?? ANNA;
    if (channel.members.has(userId)) channel.leave(userId);
    else channel.join(userId);
    // Every third change comes before the one before it is settled.
    if (step % 3 === 0) continue;
    channel.settle();
    if (channel.members.size > 1) assertAllHearEachOther(channel);
  }
  for (const member of channel.members.values()) assert.equal(member.invalidations, 0);
});

test("a join that ends before its commit is revoked", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE);
  channel.settle();
  channel.join(DAN);
  channel.deliverUp();
  channel.leave(DAN);
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assertAllHearEachOther(channel);
  channel.join(ERIK);
  channel.settle();
  assert.equal(channel.room.epoch, 2n);
  assertAllHearEachOther(channel);
});

test("a member who could not follow is removed and added again", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN, CHLOE);
  channel.settle();
  channel.send(BEN, ...channel.member(BEN).startOver(0));
  channel.settle();
  assert.equal(channel.room.epoch, 2n);
  assertAllHearEachOther(channel);
});

test("one of two who could not follow gets back into the same group", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  channel.settle();
  channel.send(BEN, ...channel.member(BEN).startOver(0));
  channel.settle();
  assert.equal(channel.room.epoch, 2n);
  assertAllHearEachOther(channel);
});

test("a group in which nobody can follow starts anew", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  channel.settle();
  const anna = channel.member(ANNA).startOver(0);
  const ben = channel.member(BEN).startOver(0);
  // Both op 31 before the first new key package, which would make the room propose to the other one.
  channel.send(ANNA, ...anna.slice(0, 1));
  channel.send(BEN, ...ben.slice(0, 1));
  channel.send(ANNA, ...anna.slice(1));
  channel.send(BEN, ...ben.slice(1));
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assertAllHearEachOther(channel);
});

test("the last one in the group starts over and meets the next one in a new group", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  channel.settle();
  channel.leave(ANNA);
  channel.settle();
  assert.equal(channel.room.epoch, 0n);
  channel.join(CHLOE);
  channel.settle();
  assert.equal(channel.room.epoch, 1n);
  assertAllHearEachOther(channel);
});

test("a transition is executed once all confirmed it, and the founding one needs no word", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  channel.settle();
  assert.deepEqual(channel.member(ANNA).executed, []);
  channel.join(CHLOE);
  channel.settle();
  for (const member of channel.members.values()) assert.deepEqual(member.executed, [1]);
});

test("a transition somebody never confirms is executed after two seconds", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  channel.settle();
  channel.member(BEN).isMute = true;
  channel.join(CHLOE);
  channel.settle();
  assert.deepEqual(channel.member(ANNA).executed, []);
  assert.deepEqual(channel.room.tick(10_000), []);
  assert.deepEqual(channel.room.tick(11_999), []);
  const outputs = channel.room.tick(12_000);
  assert.deepEqual(
    outputs.map(({ to, op }) => `${op} to ${to}`).sort(),
    [ANNA, BEN, CHLOE].map((to) => `22 to ${to}`),
  );
  assert.deepEqual(channel.room.tick(20_000), []);
});

test("a key package of somebody else, a forged one and garbage are refused and noted", () => {
  const channel = voiceChannel();
  channel.join(ANNA, BEN);
  const { body } = new DaveyMember(CHLOE, CHANNEL).keyPackage();
  const forged = Buffer.from(Buffer.isBuffer(body) ? body : []);
  assert.deepEqual(channel.room.receive(ANNA, 26, forged), []);
  forged.writeUInt8(forged.readUInt8(20) ^ 1, 20);
  channel.room.join(CHLOE);
  assert.deepEqual(channel.room.receive(CHLOE, 26, forged), []);
  assert.deepEqual(channel.room.receive(ANNA, 28, Buffer.of(0, 1, 0)), []);
  assert.deepEqual(channel.room.problems, [
    `op 26 of ${ANNA}: key package is of another user`,
    `op 26 of ${CHLOE}: key package signature does not verify`,
    `op 28 of ${ANNA}: MLS data ends at 3, 4 needed`,
  ]);
});
