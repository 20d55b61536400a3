import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { eventually, sleep } from "../../support/wait.ts";
import { toneSpeech } from "../people/speech.ts";
import { CHANNEL_ID, GUILD_ID, joinAsBot } from "./listening-bot.ts";
import { SILENCE_FRAME } from "./rtp-packet.ts";
import { VoiceService } from "./voice-service.ts";

const ROUNDS = 5;

test(
  "people who speak while others come and go at once are heard without a gap",
  { timeout: 180_000 },
  async () => {
    await using service = await VoiceService.start({ dave: true });
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
    const seat = (number: number) =>
      service.seat({
        guildId: GUILD_ID,
        channelId: CHANNEL_ID,
        userId: String(600_000_000_000_000_000n + BigInt(number)),
      });
    const speakers = [await seat(1), await seat(2)];
    using bot = await joinAsBot(service);
    const heard = speakers.map(({ userId }) => bot.packetsOf(userId));
    /** Of each epoch the bot was in: proof that the group did change. */
    const codes = new Set<string | undefined>();
    await eventually("the bot is in the group", () => bot.connection.voicePrivacyCode);

    const { packets } = toneSpeech(440, 3);
    const said = speakers.map((speaker) => speaker.say({ packets }));
    let guests = [await seat(10)];
    for (let round = 1; round <= ROUNDS; round++) {
      // Next guests come while the last ones leave: a second change begins before the first one is executed.
      const coming = [10 * round + 11, 10 * round + 12].map((number) => seat(number));
      await Promise.all(guests.map((guest) => guest.leave()));
      guests = await Promise.all(coming);
      codes.add(bot.connection.voicePrivacyCode);
      await sleep(150);
    }
    await Promise.all(said);
    assert.equal(codes.size, ROUNDS, "each round was another group");
    await eventually("all is heard by the bot", () =>
      speakers.every(({ sent }, index) => (heard[index]?.length ?? 0) >= sent.length),
    );
    // Byte for byte: what a client cannot decrypt it may pass on as it came.
    const expected = [...packets, ...Array.from({ length: 5 }, () => SILENCE_FRAME)];
    for (const received of heard) assert.deepEqual(received, expected, "received = said");
    assert.deepEqual(service.problems, []);
  },
);
