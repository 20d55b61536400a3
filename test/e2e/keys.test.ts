/** Changes of the end-to-end keys under people's speech: what can be opened is recorded, ciphertext never. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { assertAllWritten, countsOf } from "../support/written.ts";
import { assertPureTone, startRecording, stopRecording } from "./recorded-tones.ts";

const limit = { timeout: 180_000 };

test(
  "keys that come while the websocket is down, before op 9, or seconds after their use cost nobody a packet",
  limit,
  async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const [zoe, ben] = [call.addHost("Zoë"), discord.addPerson("Ben")];
    for (const person of [zoe, ben]) await person.join();
    await startRecording(call, zoe);
    const speaking = [zoe.say(toneSpeech(450, 7)), ben.say(toneSpeech(650, 7))];
    await sleep(500);

    // The bot is away while the keys change; what it missed comes before "resumed".
    assert.ok(discord.voice.faults.replayBeforeResumed);
    discord.voice.closeClient(discord.bot.id, 1006);
    const chloe = discord.addPerson("Chloe");
    await chloe.join();
    await chloe.say(toneSpeech(850, 1));

    // The next change reaches the bot only when the others have long been using it: the server waits 2 s for everybody.
    discord.voice.holdMessages(discord.bot.id);
    const dana = discord.addPerson("Dana");
    await dana.join();
    const late = [dana.say(toneSpeech(1050, 1)), chloe.say(toneSpeech(850, 1))];
    await sleep(2_600);
    discord.voice.releaseMessages(discord.bot.id);
    await Promise.all([...speaking, ...late]);
    await stopRecording(call, zoe, 4);

    for (const [person, hz, talkspurts] of [
      [zoe, 450, 1],
      [ben, 650, 1],
      [chloe, 850, 2],
      [dana, 1050, 1],
    ] as const) {
      assertAllWritten(call, person);
      // Frames that were opened late have a decoder of their own: its beginning and end are edges too.
      assertPureTone(call, person, hz, talkspurts + 2);
    }
    assert.deepEqual(discord.problems, []);
  },
);

test(
  "ciphertext never reaches a track: on another voice server, and when the bot starts over, it is counted instead",
  limit,
  async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const [zoe, ben] = [call.addHost("Zoë"), discord.addPerson("Ben")];
    for (const person of [zoe, ben]) await person.join();
    // Already speaking: nobody has let the bot in yet.
    const speaking = [zoe.say(toneSpeech(450, 8)), ben.say(toneSpeech(650, 8))];
    await startRecording(call, zoe);
    await sleep(1_000);
    discord.faults.reassignVoiceServer();
    await sleep(1_000);
    await discord.voice.encryptionSettled(discord.guild.id, discord.voiceChannel.id);
    await sleep(500);
    const junk = Buffer.concat([Buffer.from([0, 9]), Buffer.alloc(200, 3)]);
    discord.voice.sendBinary(discord.bot.id, 29, junk);
    await eventually("the bot starts over", () => discord.voice.keyRequests === 1);
    await Promise.all(speaking);
    await Promise.all([zoe.say(toneSpeech(450, 1)), ben.say(toneSpeech(650, 1))]);
    await stopRecording(call, zoe, 2);

    for (const [person, hz] of [
      [zoe, 450],
      [ben, 650],
    ] as const) {
      const counts = countsOf(call, person);
      const context = `${person.name}: ${JSON.stringify(counts)}`;
      assert.ok(counts.expired > 0, `there was ciphertext: ${context}`);
      assert.equal(counts.rejected, 0, `no decoder saw any: ${context}`);
      assert.ok(counts.written > 200, context);
      assertPureTone(call, person, hz, 6);
    }
  },
);
