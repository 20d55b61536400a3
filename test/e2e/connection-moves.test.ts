import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PermissionFlagsBits } from "discord.js";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BOT_PERMISSIONS } from "../simulator/permissions.ts";
import { Call } from "../support/call.ts";
import { assertSilentWithin, interruptionsOver } from "../support/interruptions.ts";
import { soundingSpan } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { assertAllWritten, countsOf } from "../support/written.ts";

const limits = { timeout: 180_000 };

// Mostly waiting: together they take little longer than the longest.
suite("a bot that is moved or deafened", { concurrency: 4 }, () => {
  for (const order of [{}, { closeFirst: true }, { serverFirst: true }]) {
    test(
      `a recording goes on in the channel the bot is moved to, ${JSON.stringify(order)}: told first, then kept`,
      limits,
      async () => {
        await using call = await Call.start({ dave: true });
        const { discord } = call;
        const { anna, ben, elsewhere } = await recordBesideAnotherChannel(call);
        const heard = anna.sent.length;
        discord.faults.moveBot(elsewhere.id, order);
        const span = await interruptionsOver(call, 1);
        assert.equal(discord.botChannelId, elsewhere.id);
        assert.match(discord.messages(elsewhere.id)[0]?.content ?? "", /is being recorded/);
        // Nobody there any more who is recorded.
        await anna.say(toneSpeech(440, 0.3));
        await ben.say(toneSpeech(660, 0.5));
        await discord.command(anna, "record stop");
        const { moves, channel } = call.manifest;
        assert.equal(span.cause, "moved");
        assert.deepEqual(channel, { id: elsewhere.id, name: "Elsewhere" });
        assert.deepEqual(moves, [{ atSamples: moves?.[0]?.atSamples, channel }]);
        assert.ok(span.fromSamples <= (moves?.[0]?.atSamples ?? -1));
        call.assertNothingLost();
        assert.equal(countsOf(call, anna).written, heard);
        assertAllWritten(call, ben);
        assertSilentWithin(call, ben.id, [span]);
        assert.deepEqual(discord.problems, []);
      },
    );
  }

  test(
    "whoever speaks in the new channel is not kept before the announcement has been said there",
    limits,
    async () => {
      await using call = await Call.start({ dave: false, announcement: "on" });
      const { discord } = call;
      const { anna, ben, elsewhere } = await recordBesideAnotherChannel(call);
      const speaking = ben.say(toneSpeech(660, 8));
      discord.faults.moveBot(elsewhere.id);
      const span = await interruptionsOver(call, 1);
      // The clip is 2 s long: 100 packets of 20 ms.
      assert.ok((ben.seat?.heard.opened ?? 0) >= 95, `Ben heard it: ${JSON.stringify(ben.seat?.heard)}`);
      await speaking;
      await discord.command(anna, "record stop");
      const sounding = soundingSpan(firstChannel(call.trackPath(ben.id)));
      // Under way when the gate opens; a busy machine takes in late what was said up to half a second before.
      assert.ok(
        (sounding?.first ?? 0) > (span.toSamples ?? Infinity) - 24_000,
        JSON.stringify({ sounding, span }),
      );
      call.assertNothingLost();
    },
  );

  test(
    "a recording ends when nothing can show it in the new channel, and keeps nothing from there",
    limits,
    async () => {
      await using call = await Call.start({ dave: false });
      const { discord } = call;
      const { anna, ben, elsewhere } = await recordBesideAnotherChannel(call);
      const { ChangeNickname, SendMessages } = PermissionFlagsBits;
      discord.setBotPermissions(BOT_PERMISSIONS & ~ChangeNickname & ~SendMessages);
      const speaking = ben.say(toneSpeech(660, 3));
      discord.faults.moveBot(elsewhere.id);
      await eventually("it ends", () => call.manifest.state === "finished");
      await speaking;
      assert.equal(call.manifest.error?.code, "E-NOTICE");
      assert.deepEqual(
        call.manifest.tracks.map(({ userId }) => userId),
        [anna.id],
      );
      call.assertNothingLost();
    },
  );

  test("a deleted channel ends the recording with that reason", limits, async () => {
    await using call = await Call.start({ dave: false });
    const { discord } = call;
    const anna = await call.startRecording("Anna");
    await anna.say(toneSpeech(440, 0.5));
    await discord.deleteChannel(discord.voiceChannel.id);
    await eventually("it is told", () =>
      anna.directMessages.some(({ content }) => /ended because the channel was deleted/.test(content)),
    );
    assert.equal(call.manifest.state, "finished");
    call.assertNothingLost();
    assertAllWritten(call, anna);
  });

  test(
    "the old voice server is heard until the new one is assigned, and that one is heard from then on",
    limits,
    async () => {
      await using call = await Call.start({ dave: true });
      const { discord } = call;
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      discord.faults.removeVoiceServer();
      // Longer than it takes to call a connection lost through which nothing comes.
      await anna.say(toneSpeech(440, 3));
      assert.equal(call.manifest.interruptions, undefined);
      discord.faults.reassignVoiceServer();
      await interruptionsOver(call, 1);
      await anna.say(toneSpeech(440, 0.5));
      await discord.command(anna, "record stop");
      assert.equal(discord.voice.counts.identified, 2);
      call.assertNothingLost();
      assertAllWritten(call, anna);
    },
  );

  test(
    "people are told when an admin deafens the bot and when that is over; both are in the recording",
    limits,
    async () => {
      await using call = await Call.start({ dave: false });
      const { discord } = call;
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      discord.faults.deafenBot();
      const chat = (): string =>
        discord
          .messages(discord.voiceChannel.id)
          .map(({ content }) => content)
          .join("\n");
      await eventually("they are told", () => /I can't hear anybody/.test(chat()));
      assert.match((await discord.command(anna, "record status")).content, /Nobody can be heard since/);
      await anna.say(toneSpeech(440, 0.5));
      discord.faults.deafenBot(false);
      const span = await interruptionsOver(call, 1);
      await eventually("they are told that it is over", () => /I can hear everybody again/.test(chat()));
      await sleep(100);
      await anna.say(toneSpeech(440, 0.5));
      await discord.command(anna, "record stop");
      assert.equal(span.cause, "deafened");
      assertSilentWithin(call, anna.id, [span]);
      call.assertNothingLost();
    },
  );

  test("a bot that was deafened before the recording says so at its beginning", limits, async () => {
    await using call = await Call.start({ dave: false });
    const { discord } = call;
    const anna = call.addHost("Anna");
    await anna.join();
    // Discord remembers it of every member, wherever they are.
    discord.voice.faults.deafened.add(discord.bot.id);
    await discord.command(anna, "record start");
    await eventually("they are told", () =>
      discord.messages(discord.voiceChannel.id).some(({ content }) => /I can't hear anybody/.test(content)),
    );
    await discord.command(anna, "record stop");
    const { interruptions, lengthSamples } = call.manifest;
    const toSamples = lengthSamples;
    const reason = "An admin had deafened me in the server.";
    assert.deepEqual(interruptions, [{ cause: "deafened", fromSamples: 0, toSamples, reason }]);
  });
});

/** Anna's channel is recorded, and she has spoken; Ben sits in another one. */
async function recordBesideAnotherChannel(call: Call) {
  const elsewhere = call.discord.addVoiceChannel("Elsewhere");
  const ben = call.discord.addPerson("Ben");
  await ben.join(elsewhere.id);
  const anna = await call.startRecording("Anna");
  await anna.say(toneSpeech(440, 0.5));
  return { anna, ben, elsewhere };
}
