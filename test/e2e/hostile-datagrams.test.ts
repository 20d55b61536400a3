/** Datagrams and news about senders as they come on bad days: everybody's speech is whole, theirs, and in its place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import type { Person } from "../simulator/person.ts";
import { Call } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { assertAllWritten, countsOf } from "../support/written.ts";
import { assertPureTone, onsetOffsets, startRecording, stopRecording } from "./recorded-tones.ts";

const PADDING = 60;
/** Lengths that crash or mislead naive readers: nothing, keep-alives, the 9 to 11 bytes before a whole header. */
const SHORT_LENGTHS = [0, 1, 8, 9, 10, 11];

/** Datagrams under somebody's name that no server has sealed: 60 bytes, and 9 as from a cut one. Says how many of each. */
function forge(call: Call, ssrc: number): { readonly forged: number; readonly notMedia: number } {
  const { voice, bot } = call.discord;
  const forged = Buffer.alloc(60, 7);
  forged.writeUInt16BE(0x8078, 0);
  forged.writeUInt32BE(ssrc, 8);
  for (let copy = 0; copy < 10; copy++) voice.injectRaw(bot.id, forged);
  for (const length of SHORT_LENGTHS) voice.injectRaw(bot.id, forged.subarray(0, length));
  voice.sendReport(bot.id, 200, ssrc);
  voice.sendReport(bot.id, 201, ssrc);
  return { forged: 10, notMedia: SHORT_LENGTHS.length + 2 };
}

for (const dave of [true, false]) {
  test(
    `padding, forgeries, wraps, stopped timestamps, late and reused SSRCs, DAVE ${dave ? "on" : "off"}: everybody is whole and in place`,
    { timeout: 180_000 },
    async () => {
      await using call = await Call.start({ dave });
      const { discord } = call;
      const { voice } = discord;
      const zoe = call.addHost("Zoë");
      const [ben, music, late, dana] = ["Ben", "Music", "Late", "Dana"].map((name) =>
        discord.addPerson(name),
      );
      assert.ok(ben && music && late && dana);
      // 2 s into her speech, both of hers wrap.
      await zoe.join(undefined, { firstSequence: 65_536 - 100, firstTimestamp: 2 ** 32 - 100 * 960 });
      await ben.join();
      await music.join(undefined, { timestamps: "per-packet" });
      await late.join();
      voice.faults.speakingDelaysMs.set(late.id, 2_500);
      await startRecording(call, zoe);

      const speaking = zoe.say(toneSpeech(450, 5));
      const playing = (async () => {
        for (let piece = 0; piece < 5; piece++) {
          await music.say(toneSpeech(750, 0.3));
          await sleep(1_000); // each pause is a second that its timestamps do not know of
        }
      })();
      const waiting = late.say(toneSpeech(1050, 1));
      await eventually("Zoë speaks", () => zoe.sent.length > 50);
      zoe.seat?.pad(PADDING);
      assert.ok(zoe.seat && ben.seat);
      const { forged, notMedia } = forge(call, zoe.seat.ssrc);
      await ben.say(toneSpeech(650, 1));

      // Ben goes; who comes next is given the number that was his.
      const reused = ben.seat.ssrc;
      await ben.leave();
      await dana.join();
      await voice.encryptionSettled(discord.guild.id, discord.voiceChannel.id);
      assert.ok(dana.seat);
      dana.seat.changeSsrc(reused, { left: false, speaking: false });
      await dana.say(toneSpeech(550, 1));
      // She goes on under another one, which is announced; then under one that nobody hears of but by a camera's message.
      const changing = dana.say(toneSpeech(550, 1.5));
      await sleep(500);
      dana.seat.changeSsrc(voice.freshSsrc(), { left: false, speaking: true });
      await sleep(500);
      dana.seat.changeSsrc(voice.freshSsrc(), { left: false, speaking: false });
      dana.seat.showVideo(4_711);
      await Promise.all([changing, speaking, playing, waiting]);
      await stopRecording(call, zoe, 5);

      const everybody: readonly (readonly [Person, number, number])[] = [
        [zoe, 450, 1],
        [ben, 650, 1],
        [music, 750, 5],
        [late, 1050, 2],
        [dana, 550, 4],
      ];
      const offsets: number[] = [];
      for (const [person, hz, talkspurts] of everybody) {
        assertAllWritten(call, person);
        offsets.push(...onsetOffsets(call, person, assertPureTone(call, person, hz, talkspurts)));
      }
      assert.equal(offsets.length, 1 + 1 + 5 + 1 + 1);
      const zoes = countsOf(call, zoe);
      assert.equal(zoes.padding, PADDING);
      assert.equal(zoes.rejected, forged);
      assert.equal(zoes.concealedSamples, 0, "padding is no loss");
      assert.ok((call.manifest.connection?.notMedia ?? 0) >= notMedia);
      // Between people and between one person's talkspurts: jitter of three processes on one machine, see record-a-call.
      const spread = Math.max(...offsets) - Math.min(...offsets);
      assert.ok(spread < 0.03, `talkspurts apart: ${offsets.join(", ")} s`);
      assert.deepEqual(discord.problems, []);
    },
  );
}
