/** What people's clients and the server between can do wrong, as an unmodified client sees it on the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { eventually, sleep } from "../../support/wait.ts";
import { toneSpeech } from "../people/speech.ts";
import { BOT_ID, CHANNEL_ID, GUILD_ID, joinAsBot } from "./listening-bot.ts";
import type { Wire } from "./listening-bot.ts";
import { VoiceService } from "./voice-service.ts";
import type { SenderTraits } from "./voice-service.ts";

const limit = { timeout: 180_000 };
const SPEECH = toneSpeech(440, 0.4);
/** With the five frames of silence. */
const PACKETS = SPEECH.packets.length + 5;

async function startService(): Promise<VoiceService> {
  const service = await VoiceService.start({ dave: false });
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
  return service;
}

function seat(service: VoiceService, number: number, traits: SenderTraits = {}) {
  const userId = String(500_000_000_000_000_000n + BigInt(number));
  return service.seat({ guildId: GUILD_ID, channelId: CHANNEL_ID, userId, traits });
}

const packetsUnder = (wire: Wire, ssrc: number) => wire.packets.filter((packet) => packet.ssrc === ssrc);
const messages = (wire: Wire, op: number) =>
  wire.messages.filter((message) => message.op === op).map(({ d }) => d);

test(
  "a burst of padding uses up sequence numbers in mid-speech and holds nothing to hear",
  limit,
  async () => {
    await using service = await startService();
    const anna = await seat(service, 1);
    using bot = await joinAsBot(service);
    const said = anna.say(SPEECH);
    await eventually("she has begun", () => anna.sent.length > 5);
    anna.pad(60);
    await said;
    await eventually("all came", () => bot.wire.packets.length >= PACKETS + 60);
    const padding = bot.wire.packets.filter(({ paddingBytes }) => paddingBytes !== undefined);
    assert.equal(padding.length, 60);
    assert.equal(anna.padded, 60);
    assert.ok(padding.every(({ payload, paddingBytes }) => payload.length === 0 && paddingBytes === 255));
    const first = bot.wire.packets[0]?.sequence ?? 0;
    assert.deepEqual(
      bot.wire.packets.map(({ sequence }) => (sequence - first) & 0xffff),
      Array.from({ length: PACKETS + 60 }, (_, index) => index),
      "no number twice, none left out",
    );
    assert.equal(anna.sent.length, PACKETS, "padding is not speech");
  },
);

test("reports come as RTCP and are no media", limit, async () => {
  await using service = await startService();
  const anna = await seat(service, 1);
  using bot = await joinAsBot(service);
  service.sendReport(BOT_ID, 200, anna.ssrc);
  service.sendReport(BOT_ID, 201, anna.ssrc);
  await eventually("both came", () => bot.wire.others.length === 2);
  assert.deepEqual(
    bot.wire.others.map((datagram) => [
      datagram.readUInt8(0),
      datagram.readUInt8(1),
      datagram.readUInt32BE(4),
    ]),
    [
      [0x81, 200, anna.ssrc],
      [0x81, 201, anna.ssrc],
    ],
  );
});

test("who speaks under which SSRC may be told late, never, or by op 12", limit, async () => {
  await using service = await startService();
  const [anna, ben] = [await seat(service, 1), await seat(service, 2)];
  service.faults.speakingDelaysMs.set(anna.userId, 600).set(ben.userId, Infinity);
  using bot = await joinAsBot(service);
  const atMs = performance.now();
  await Promise.all([anna.say(SPEECH), ben.say(SPEECH)]);
  assert.ok(packetsUnder(bot.wire, anna.ssrc).length > 0, "media does not wait");
  await eventually("op 5 about Anna", () => messages(bot.wire, 5).length > 0);
  assert.ok(performance.now() - atMs > 590);
  assert.deepEqual(messages(bot.wire, 5), [{ user_id: anna.userId, ssrc: anna.ssrc, speaking: 1 }]);
  ben.showVideo(4711);
  await eventually("op 12 about Ben", () => messages(bot.wire, 12).length > 0);
  assert.deepEqual(messages(bot.wire, 12), [{ user_id: ben.userId, audio_ssrc: ben.ssrc, video_ssrc: 4711 }]);
});

test(
  "a person's SSRC may change in mid-speech, announced or not, also to one that was somebody else's",
  limit,
  async () => {
    await using service = await startService();
    const [anna, ben] = [await seat(service, 1), await seat(service, 2)];
    using bot = await joinAsBot(service);
    const former = anna.ssrc;
    const said = anna.say(SPEECH);
    await eventually("she has begun", () => packetsUnder(bot.wire, former).length > 3);
    const fresh = service.freshSsrc();
    anna.changeSsrc(fresh, { left: false, speaking: false });
    await eventually("she goes on", () => packetsUnder(bot.wire, fresh).length > 3);
    assert.equal(messages(bot.wire, 5).length, 1, "nobody was told");
    const last = service.freshSsrc();
    anna.changeSsrc(last, { left: true, speaking: true });
    await said;
    ben.changeSsrc(former, { left: false, speaking: false });
    await ben.say(SPEECH);
    await eventually("all came", () => bot.wire.packets.length >= 2 * PACKETS);
    assert.equal(
      packetsUnder(bot.wire, former).length +
        packetsUnder(bot.wire, fresh).length +
        packetsUnder(bot.wire, last).length,
      2 * PACKETS,
    );
    assert.deepEqual(messages(bot.wire, 13), [{ user_id: anna.userId }]);
    assert.deepEqual(messages(bot.wire, 5).slice(1), [
      { user_id: anna.userId, ssrc: last, speaking: 1 },
      { user_id: ben.userId, ssrc: former, speaking: 1 },
    ]);
  },
);

test("sequence numbers and timestamps begin where they are told to, and wrap", limit, async () => {
  await using service = await startService();
  const anna = await seat(service, 1, { firstSequence: 65_534, firstTimestamp: 2 ** 32 - 960 });
  using bot = await joinAsBot(service);
  await anna.say(SPEECH);
  await eventually("all came", () => bot.wire.packets.length >= PACKETS);
  assert.deepEqual(
    bot.wire.packets.slice(0, 4).map(({ sequence, timestamp }) => [sequence, timestamp]),
    [
      [65_534, 2 ** 32 - 960],
      [65_535, 0],
      [0, 960],
      [1, 1920],
    ],
  );
});

test("timestamps run on in silence, or stand still for those who count packets", limit, async () => {
  await using service = await startService();
  const [person, music] = [await seat(service, 1), await seat(service, 2, { timestamps: "per-packet" })];
  for (const seat of [person, music]) await seat.say(SPEECH);
  await sleep(400);
  for (const seat of [person, music]) await seat.say(SPEECH);
  const jump = ({ sent }: typeof person) =>
    ((sent[PACKETS]?.timestamp ?? 0) - (sent[PACKETS - 1]?.timestamp ?? 0)) >>> 0;
  assert.equal(jump(music), 960);
  assert.ok(jump(person) >= 400 * 48, `${jump(person)} samples`);
});

test(
  "a client whose clock is fast sends more often than others, by as much as it is fast",
  limit,
  async () => {
    await using service = await startService();
    const fast = await seat(service, 1, { clockPpm: 50_000 }); // far off, to see it within a second
    const right = await seat(service, 2);
    await Promise.all([fast, right].map((person) => person.say(toneSpeech(440, 2))));
    const spanMs = ({ sent }: typeof fast) => (sent.at(-1)?.sentAtMs ?? 0) - (sent[0]?.sentAtMs ?? 0);
    const ratio = spanMs(right) / spanMs(fast);
    // A timer of a busy machine may send the last packet 20 ms late.
    assert.ok(Math.abs(ratio - 1.05) < 0.02, `${ratio} times as fast`);
    const samples = ({ sent }: typeof fast) =>
      ((sent.at(-1)?.timestamp ?? 0) - (sent[0]?.timestamp ?? 0)) >>> 0;
    assert.equal(samples(fast), samples(right), "by its own clock it is right");
  },
);

test("a websocket that stalls delivers everything later, in order, while media goes on", limit, async () => {
  await using service = await startService();
  const [anna, ben] = [await seat(service, 1), await seat(service, 2)];
  using bot = await joinAsBot(service);
  service.holdMessages(BOT_ID);
  await Promise.all([anna.say(SPEECH), ben.say(SPEECH)]);
  await eventually("all came", () => bot.wire.packets.length >= 2 * PACKETS);
  assert.deepEqual(messages(bot.wire, 5), []);
  service.releaseMessages(BOT_ID);
  await eventually("both are told", () => messages(bot.wire, 5).length === 2);
  assert.deepEqual(
    messages(bot.wire, 5).map((d) => (d as { user_id: string }).user_id),
    [anna.userId, ben.userId],
  );
});

test("a client that is deafened gets no media until that is taken back", limit, async () => {
  await using service = await startService();
  const anna = await seat(service, 1);
  using bot = await joinAsBot(service);
  service.faults.deafened.add(BOT_ID);
  await anna.say(SPEECH);
  assert.equal(bot.wire.packets.length, 0);
  service.faults.deafened.delete(BOT_ID);
  await anna.say(SPEECH);
  await eventually("she is heard", () => bot.wire.packets.length === PACKETS);
});
