import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { VoiceConnectionStatus, entersState } from "@discordjs/voice";
import { rms, toneAmplitude } from "../../support/tones.ts";
import { eventually, sleep } from "../../support/wait.ts";
import { toneSpeech } from "../people/speech.ts";
import { BOT_ID, CHANNEL_ID, GUILD_ID, decode, joinAsBot } from "./listening-bot.ts";
import { VoiceService } from "./voice-service.ts";

const limit = { timeout: 180_000 };
const TONES_HZ = [440, 660, 880];
const CROSSTALK = 0.01; // Opus at 64 kbit/s spreads a pure tone by less

async function startService(dave: boolean): Promise<VoiceService> {
  const service = await VoiceService.start({ dave });
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
  return service;
}

function seat(service: VoiceService, number: number) {
  return service.seat({
    guildId: GUILD_ID,
    channelId: CHANNEL_ID,
    userId: String(500_000_000_000_000_000n + BigInt(number)),
  });
}

for (const dave of [false, true]) {
  test(
    `an unmodified client hears three people, each under its user, ${dave ? "with" : "without"} DAVE`,
    limit,
    async () => {
      await using service = await startService(dave);
      const seats = [await seat(service, 1), await seat(service, 2)];
      using bot = await joinAsBot(service);
      seats.push(await seat(service, 3)); // one comes later
      const heard = seats.map(({ userId }) => bot.packetsOf(userId));
      await service.encryptionSettled(GUILD_ID, CHANNEL_ID); // nobody is heard before

      await Promise.all(seats.map((person, index) => person.say(toneSpeech(TONES_HZ[index] ?? 0, 2))));
      await eventually("all is heard", () =>
        seats.every(({ sent }, index) => (heard[index]?.length ?? 0) >= sent.length),
      );
      for (const [index, person] of seats.entries()) {
        const packets = heard[index] ?? [];
        assert.equal(packets.length, person.sent.length, "received = sent");
        const samples = decode(packets).subarray(4800, 4800 + 48_000); // a second, after the encoder's onset
        const level = Math.SQRT2 * rms(samples);
        for (const [other, hz] of TONES_HZ.entries()) {
          const share = toneAmplitude(samples, hz) / level;
          if (other === index) assert.ok(share > 0.99, `own tone: ${share}`);
          else assert.ok(share < CROSSTALK, `${hz} Hz with the one who says ${TONES_HZ[index]}: ${share}`);
        }
      }
      assert.deepEqual(service.problems, []);
    },
  );

  test(
    `what an unmodified client says is heard by people, ${dave ? "with" : "without"} DAVE`,
    limit,
    async () => {
      await using service = await startService(dave);
      const people = [await seat(service, 1), await seat(service, 2)];
      using bot = await joinAsBot(service);
      await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
      for (const packet of toneSpeech(500, 0.4).packets) {
        bot.connection.playOpusPacket(packet);
        await sleep(20);
      }
      await eventually("both hear it", () => people.every(({ heard }) => heard.opened >= 20));
      assert.equal(service.heardFrom(BOT_ID), 20);
      assert.deepEqual(
        people.map(({ heard }) => heard.failed),
        [0, 0],
      );
      assert.deepEqual(service.problems, []);
    },
  );

  test(
    `a client whose websocket drops resumes and hears on, ${dave ? "with" : "without"} DAVE`,
    limit,
    async () => {
      await using service = await startService(dave);
      const person = await seat(service, 1);
      using bot = await joinAsBot(service);
      await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
      const resumed = entersState(bot.connection, VoiceConnectionStatus.Connecting, 5000);
      service.closeClient(BOT_ID, 1006);
      await resumed;
      await entersState(bot.connection, VoiceConnectionStatus.Ready, 5000);
      const packets = bot.packetsOf(person.userId);
      await person.say(toneSpeech(440, 0.5));
      await eventually("all is heard", () => packets.length === person.sent.length);
      assert.deepEqual(service.problems, []);
    },
  );
}

test("a person's packets lie on a 20 ms grid, over pauses too", limit, async () => {
  await using service = await startService(false);
  const person = await seat(service, 1);
  await person.say(toneSpeech(440, 0.5));
  await sleep(130);
  await person.say(toneSpeech(440, 0.5));
  const [first] = person.sent;
  assert.ok(first);
  assert.equal(person.sent.length, 60);
  for (const [index, { sentAtMs, sequence, timestamp }] of person.sent.entries()) {
    const positionMs: number = ((timestamp - first.timestamp) >>> 0) / 48;
    assert.equal(positionMs % 20, 0);
    assert.equal(sequence, (first.sequence + index) & 0xffff);
    // The clock of the timestamps is the wall's; 200 ms for a busy machine.
    assert.ok(Math.abs(sentAtMs - first.sentAtMs - positionMs) < 200);
  }
});

test("a bad network loses, repeats and reorders what its seed says, and counts it", limit, async () => {
  await using service = await startService(false);
  const person = await seat(service, 1);
  using bot = await joinAsBot(service);
  const packets = bot.packetsOf(person.userId);
  const totals = service.spoil(BOT_ID, { seed: 7, loss: 0.1, duplicate: 0.1, reorder: 0.1 });
  assert.ok(totals);
  await person.say(toneSpeech(440, 2));
  await eventually("what passed has come", () => packets.length === totals.passed + totals.duplicated);
  assert.equal(totals.passed + totals.lost, person.sent.length);
  assert.ok(totals.lost > 0 && totals.duplicated > 0 && totals.reordered > 0);
});

test("people who talk while others come and go are heard without a gap", limit, async () => {
  await using service = await startService(true);
  const talkers = [await seat(service, 1), await seat(service, 2)];
  using bot = await joinAsBot(service);
  await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
  const heard = talkers.map(({ userId }) => bot.packetsOf(userId));
  const talking = Promise.all(talkers.map((person) => person.say(toneSpeech(440, 3))));
  for (let number = 3; number < 6; number++) {
    const guest = await seat(service, number);
    await sleep(300);
    await guest.leave();
    await sleep(300);
  }
  await talking;
  await eventually("all is heard", () =>
    talkers.every(({ sent }, index) => heard[index]?.length === sent.length),
  );
  assert.deepEqual(service.problems, []);
});
