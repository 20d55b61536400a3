import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { interruptionsOver } from "../support/interruptions.ts";
import { eventually } from "../support/wait.ts";
import { assertAllWritten } from "../support/written.ts";

const limits = { timeout: 180_000 };

// Mostly waiting: together they take little longer than the longest.
suite("a main gateway that is lost", { concurrency: 4 }, () => {
  test("a main gateway that drops or asks for a reconnect and is resumed costs nothing", limits, async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const anna = await call.startRecording("Anna");
    const speaking = anna.say(toneSpeech(440, 5));
    discord.faults.closeGateway(1006);
    await eventually(
      "it is resumed",
      () => discord.gateway.counts.resumed === 1 && discord.gateway.connected,
    );
    discord.faults.requestReconnect();
    await eventually(
      "it is resumed again",
      () => discord.gateway.counts.resumed === 2 && discord.gateway.connected,
    );
    await speaking;
    await discord.command(anna, "record stop");
    assert.equal(discord.gateway.counts.identified, 1);
    assert.equal(discord.voice.counts.identified, 1);
    assert.equal(call.manifest.interruptions, undefined);
    call.assertNothingLost();
    assertAllWritten(call, anna);
  });

  test(
    "a main session that is lost takes the bot out of voice; it comes back once it has another",
    limits,
    async () => {
      await using call = await Call.start({ dave: true });
      const { discord } = call;
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      discord.faults.invalidSession();
      assert.equal(discord.botChannelId, undefined, "it is out of voice");
      await interruptionsOver(call, 1);
      assert.equal(discord.gateway.counts.identified, 2);
      assert.equal(discord.botChannelId, discord.voiceChannel.id);
      await anna.say(toneSpeech(440, 0.5));
      await discord.command(anna, "record stop");
      call.assertNothingLost();
      assertAllWritten(call, anna);
    },
  );

  test(
    "a bot that Discord refuses for good finishes its recordings and exits with the reason",
    limits,
    async () => {
      await using call = await Call.start({ dave: true });
      const { discord } = call;
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      discord.faults.closeGateway(4004);
      const exit = await call.bot.exit();
      assert.equal(exit.code, 78, exit.stderr);
      assert.match(exit.stderr, /Discord does not accept DISCORD_TOKEN.*E-TOKEN/);
      assert.equal(call.manifest.state, "finished");
      call.assertNothingLost();
      assertAllWritten(call, anna);
    },
  );
});
