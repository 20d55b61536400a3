import assert from "node:assert/strict";
import { test } from "node:test";
import davey from "@snazzah/davey";
import { DaveyMembers } from "./davey-members.ts";
import { createExternalSender, DaveRoom } from "./room.ts";

const CHANNEL = "1234567890123456789";
const [ANNA, BEN, CHLOE] = ["1001", "1002", "1003"] as const;

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
