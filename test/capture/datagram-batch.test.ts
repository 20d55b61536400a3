import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { NetworkingStatusCode } from "@discordjs/voice";
import type { Networking } from "@discordjs/voice";
import { DatagramBatch } from "../../src/capture/datagram-batch.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { CHANNEL_ID, GUILD_ID, joinAsBot } from "../simulator/voice/listening-bot.ts";
import type { ListeningBot } from "../simulator/voice/listening-bot.ts";
import { VoiceService } from "../simulator/voice/voice-service.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";
import { eventually } from "../support/wait.ts";
import { TappedRecording } from "./tapped-recording.ts";

const ANN = "500000000000000001";
/** Speech and five frames of silence: less than a batch holds, so that nothing is opened before it must be. */
const SPEECH_SECONDS = 0.5;
const UNKNOWN_OP = 250;

test("a batch gives back what came in its order, each with its time, and only once", () => {
  const batch = new DatagramBatch();
  const given: (readonly [number, number])[] = [];
  const open = (datagram: Buffer, atMs: number): void => void given.push([datagram.readUInt8(0), atMs]);
  for (let round = 0; round < 2; round++) {
    let count = 0;
    for (; !batch.isFull; count++) batch.add(Buffer.of(count), count / 2);
    batch.empty(open);
    assert.deepEqual(
      given.splice(0),
      Array.from({ length: count }, (_, at) => [at, at / 2]),
    );
    batch.empty(open);
    assert.deepEqual(given, []);
  }
});

test("a datagram that fails takes none of those behind it along", () => {
  const batch = new DatagramBatch();
  const opened: number[] = [];
  const open = (datagram: Buffer): void => {
    if (datagram.readUInt8(0) === 1) throw new Error("unfit");
    opened.push(datagram.readUInt8(0));
  };
  for (const byte of [0, 1, 2]) batch.add(Buffer.of(byte), 0);
  assert.throws(() => batch.empty(open), /unfit/);
  batch.add(Buffer.of(3), 0);
  batch.empty(open);
  assert.deepEqual(opened, [0, 2, 3]);
});

test("what came before a connection ends is opened with the keys that end with it", async () => {
  await using call = await SealedCall.start();
  await call.speechArrives();
  call.networking.destroy();
  call.recording.close();
  assert.equal(call.recording.countsOf(ANN).written, call.sentPackets);
});

test("what came before a message of the gateway is opened before the library hears of the message", async () => {
  await using call = await SealedCall.start();
  await call.speechArrives();
  const { state } = call.networking;
  assert.ok(state.code === NetworkingStatusCode.Ready);
  state.ws.emit("packet", { op: UNKNOWN_OP, d: {} });
  assert.equal(call.openedPackets, call.sentPackets);
  call.recording.close();
});

/** Ann and a tap without a clock in an encrypted call: nobody ticks it. */
class SealedCall implements AsyncDisposable {
  readonly recording = new TappedRecording();
  readonly networking: Networking;
  readonly #service: VoiceService;
  readonly #bot: ListeningBot;
  readonly #ann: Seat;

  private constructor(service: VoiceService, bot: ListeningBot, networking: Networking, ann: Seat) {
    this.#service = service;
    this.#bot = bot;
    this.networking = networking;
    this.#ann = ann;
    this.recording.listen(networking);
  }

  static async start(): Promise<SealedCall> {
    const service = await VoiceService.start({ dave: true });
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
    const ann = await service.seat({ guildId: GUILD_ID, channelId: CHANNEL_ID, userId: ANN });
    const bot = await joinAsBot(service);
    await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
    assert.ok("networking" in bot.connection.state);
    return new SealedCall(service, bot, bot.connection.state.networking, ann);
  }

  get sentPackets(): number {
    return this.#ann.sent.length;
  }

  get openedPackets(): number {
    return this.recording.tracks.get(ANN)?.account.ledger.received ?? 0;
  }

  async speechArrives(): Promise<void> {
    await this.#ann.say(toneSpeech(440, SPEECH_SECONDS));
    await eventually("all came", () => this.recording.counts.datagrams >= this.sentPackets);
    assert.ok(this.openedPackets < this.sentPackets, "some wait to be opened");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    assert.deepEqual(this.#service.problems, []);
    this.#bot[Symbol.dispose]();
    await this.#service[Symbol.asyncDispose]();
  }
}
