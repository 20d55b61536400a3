import assert from "node:assert/strict";
import { test } from "node:test";
import { DaveyMembers } from "./davey-members.ts";
import { createExternalSender, DaveRoom } from "./room.ts";
import { TsMlsMember } from "./ts-mls-member.ts";

const CHANNEL = "1234567890123456789";
const [ANNA, BEN, CHLOE, DAN, ZOE] = ["1001", "1002", "1003", "1004", "1099"] as const;

test("a member of another MLS implementation joins by the filtered welcome and follows adds and removes", async () => {
  const room = new DaveRoom({ channelId: CHANNEL, externalSender: createExternalSender() });
  const channel = new DaveyMembers(room, CHANNEL);
  const zoe = await TsMlsMember.create(ZOE);
  const follow = async (epoch: bigint): Promise<void> => {
    channel.settle();
    for (const output of channel.forOthers.splice(0)) if (output.to === ZOE) await zoe.receive(output);
    assert.equal(zoe.epoch, epoch);
    const expected = zoe.epochAuthenticator.toString("hex");
    for (const { userId, session } of channel.members.values()) {
      const frame = Buffer.from(`opus of ${userId}`);
      assert.deepEqual(await zoe.open(userId, session.encryptOpus(frame)), frame);
      assert.equal(session.getEpochAuthenticator()?.toString("hex"), expected);
    }
    assert.deepEqual(room.problems, []);
  };

  channel.join(ANNA, BEN);
  channel.settle();
  channel.joinOther(ZOE, zoe.keyPackage);
  channel.join(CHLOE);
  await follow(2n);
  channel.join(DAN);
  await follow(3n);
  channel.leave(BEN);
  await follow(4n);
  channel.leave(ANNA);
  channel.join(BEN);
  await follow(5n);
});
