import assert from "node:assert/strict";
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult } from "../../src/recordings/stages.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { VoiceService } from "../simulator/voice/voice-service.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import type { ChildCommand, ChildReport, ReceivedTrack } from "./capture-child.ts";

const GUILD = "100000000000000001";
const CHANNEL = "100000000000000002";
const BOT = "100000000000000003";
const PEOPLE = [
  { userId: "200000000000000001", hz: 440 },
  { userId: "200000000000000002", hz: 660 },
  { userId: "200000000000000003", hz: 880 },
] as const;

/** The capture stage in its child process, and the main gateway between it and the voice service. */
class Bench implements AsyncDisposable {
  readonly service: VoiceService;
  readonly events: CaptureEvent[] = [];
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #answers: ChildReport[] = [];
  #session = 0;

  private constructor(service: VoiceService, child: ChildProcess, directory: string) {
    this.service = service;
    this.#child = child;
    this.#directory = directory;
    child.on("message", (report: ChildReport) => this.#onReport(report));
  }

  static async start(dave: boolean): Promise<Bench> {
    const service = await VoiceService.start({ dave });
    const directory = await mkdtemp(join(tmpdir(), "capture-"));
    const ca = join(directory, "ca.pem");
    await writeFile(ca, service.caPem);
    const child = fork(new URL("./capture-child.ts", import.meta.url), [directory], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
      execArgv: [],
    });
    const bench = new Bench(service, child, directory);
    await bench.#until("ready");
    return bench;
  }

  async record(handle: number, announce = false): Promise<number> {
    const request: CaptureRequest = {
      handle,
      guildId: GUILD,
      channelId: CHANNEL,
      botUserId: BOT,
      channels: 1,
      announce,
    };
    const report = await this.#ask({ kind: "start", request }, "started");
    assert.equal(report.kind, "started");
    return report.startedAtMs;
  }

  async stop(handle: number): Promise<{ result: CaptureResult; tracks: readonly ReceivedTrack[] }> {
    const report = await this.#ask({ kind: "stop", handle }, "stopped");
    assert.equal(report.kind, "stopped");
    return report;
  }

  /** The first event of this form, past or to come. */
  event(matches: (event: CaptureEvent) => boolean): Promise<CaptureEvent> {
    return eventually("an event of capture", () => this.events.find(matches), 15_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send({ kind: "close" } satisfies ChildCommand);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 8_000);
    await exited;
    clearTimeout(timer);
    await this.service.close();
    await rm(this.#directory, { recursive: true });
  }

  #ask(command: ChildCommand, kind: ChildReport["kind"]): Promise<ChildReport> {
    this.#child.send(command);
    return this.#until(kind);
  }

  async #until(kind: ChildReport["kind"]): Promise<ChildReport> {
    const isAnswer = (report: ChildReport): boolean => report.kind === kind || report.kind === "failed";
    await eventually(`the child's answer "${kind}"`, () => this.#answers.some(isAnswer), 30_000);
    const [report] = this.#answers.splice(this.#answers.findIndex(isAnswer), 1);
    assert.ok(report);
    if (report.kind === "failed")
      assert.fail(`${report.error.code}: ${report.error.message} ${report.error.detail}`);
    return report;
  }

  #onReport(report: ChildReport): void {
    if (report.kind === "payload") this.#onPayload(report.payload);
    else if (report.kind === "event") this.events.push(report.event);
    else this.#answers.push(report);
  }

  /** Op 4, as the main gateway answers it. */
  #onPayload(payload: unknown): void {
    const { d } = payload as { d: { channel_id: string | null } };
    if (d.channel_id === null) {
      this.service.dismiss(GUILD, BOT);
      this.#sendState(null, "");
      return;
    }
    const sessionId = `session-${++this.#session}`;
    const admission = this.service.admit({ guildId: GUILD, channelId: d.channel_id, userId: BOT, sessionId });
    this.#sendState(d.channel_id, sessionId);
    this.#send({
      kind: "update",
      guildId: GUILD,
      update: { kind: "server", data: { guild_id: GUILD, ...admission } },
    });
  }

  #sendState(channelId: string | null, sessionId: string): void {
    this.#send({
      kind: "update",
      guildId: GUILD,
      update: {
        kind: "state",
        data: {
          guild_id: GUILD,
          channel_id: channelId,
          user_id: BOT,
          session_id: sessionId,
          deaf: false,
          mute: false,
          self_deaf: false,
          self_mute: false,
          self_video: false,
          suppress: false,
          request_to_speak_timestamp: null,
        },
      },
    });
  }

  #send(command: ChildCommand): void {
    // The child may be gone by the time its last words are answered.
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }
}

/** How much of the sounding part of a track is this frequency: amplitude of each second in which it sounds. */
async function amplitudes(file: string, hz: number): Promise<number[]> {
  const pcm = await readFile(file);
  const found: number[] = [];
  for (let from = 0; from + SAMPLE_RATE * 2 <= pcm.length; from += SAMPLE_RATE) {
    const block = new Float64Array(SAMPLE_RATE / 2);
    for (let at = 0; at < block.length; at++) block[at] = pcm.readInt16LE(from + at * 2) / 32_768;
    found.push(toneAmplitude(block, hz));
  }
  return found;
}

for (const dave of [false, true]) {
  test(`three people arrive whole, each on their own track, ${dave ? "with" : "without"} end-to-end encryption`, async () => {
    await using bench = await Bench.start(dave);
    const seats: Awaited<ReturnType<VoiceService["seat"]>>[] = [];
    for (const { userId } of PEOPLE)
      seats.push(await bench.service.seat({ guildId: GUILD, channelId: CHANNEL, userId }));
    const startedAtMs = await bench.record(1);
    assert.ok(Math.abs(Date.now() - startedAtMs) < 5_000);
    // Under end-to-end encryption the bot must have been let into the group first; earlier audio cannot be had.
    await sleep(dave ? 1_000 : 200);
    await Promise.all(
      PEOPLE.map(async ({ hz }, at) => {
        await sleep(at * 150);
        await seats[at]?.say(toneSpeech(hz, 3));
      }),
    );
    await sleep(100);
    const { result, tracks } = await bench.stop(1);

    assert.equal(tracks.length, 3);
    for (const [at, { userId, hz }] of PEOPLE.entries()) {
      const track = tracks.find((candidate) => candidate.userId === userId);
      const captured = result.tracks.find((candidate) => candidate.userId === userId);
      assert.ok(track && captured, `user ${userId} has a track`);
      assert.equal(track.track, captured.track);
      const { counts } = captured;
      assert.ok(balances(counts) && counts.held === 0, JSON.stringify(counts));
      assert.equal(counts.received, seats[at]?.sent.length, JSON.stringify(counts));
      assert.equal(counts.written, counts.received, JSON.stringify(counts));
      assert.equal(counts.concealedSamples, 0);
      assert.equal(track.samples, counts.written * FRAME_SAMPLES);
      assert.equal(track.disordered, 0);
      const own = Math.max(...(await amplitudes(track.file, hz)));
      assert.ok(own > 0.05, `${hz} Hz sounds: ${own}`);
      for (const other of PEOPLE) {
        if (other.hz === hz) continue;
        const crosstalk = Math.max(...(await amplitudes(track.file, other.hz)));
        assert.ok(crosstalk < own / 50, `${other.hz} Hz on the track of ${hz} Hz: ${crosstalk}`);
      }
    }
    assert.equal(result.connection.unattributed, 0, JSON.stringify(result.connection));
    assert.equal(
      result.connection.datagrams,
      result.connection.notMedia + result.tracks.reduce((sum, { counts }) => sum + counts.received, 0),
    );
    assert.deepEqual(bench.service.problems, []);
    const kinds = bench.events.map((event) => event.kind);
    assert.equal(kinds[0], "connected");
    assert.equal(kinds.filter((kind) => kind === "track").length, 3);
    assert.ok(kinds.includes("progress"));
    assert.ok(!kinds.includes("interrupted"));
  });
}

test("a kick ends the recording with a reason, and what was said before is kept", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.service.seat({ guildId: GUILD, channelId: CHANNEL, userId: PEOPLE[0].userId });
  await bench.record(1);
  await seat.say(toneSpeech(440, 1));
  bench.service.dismiss(GUILD, BOT);
  const ended = await bench.event((event) => event.kind === "ended");
  assert.ok(ended.kind === "ended" && ended.error.code === "E-REMOVED");
  assert.ok(bench.events.some(({ kind }) => kind === "interrupted"));
  const { result } = await bench.stop(1);
  assert.equal(result.tracks[0]?.counts.written, seat.sent.length);
});

test("a session that Discord declares invalid is begun anew, and the clock runs on", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.service.seat({ guildId: GUILD, channelId: CHANNEL, userId: PEOPLE[0].userId });
  await bench.record(1);
  await seat.say(toneSpeech(440, 1));
  bench.service.dismiss(GUILD, BOT, 4006);
  await bench.event((event) => event.kind === "interrupted");
  await bench.event((event) => event.kind === "connected" && event.position > SAMPLE_RATE);
  await sleep(200);
  await seat.say(toneSpeech(440, 1));
  const { result, tracks } = await bench.stop(1);
  const [track] = result.tracks;
  assert.ok(track && result.tracks.length === 1 && balances(track.counts));
  assert.equal(track.counts.written, seat.sent.length, "nothing was said while it was away");
  const tone = await amplitudes(tracks[0]?.file ?? "", 440);
  assert.ok((tone.at(-1) ?? 0) > 0.05 || (tone.at(-2) ?? 0) > 0.05, `the second sentence sounds: ${tone.join(" ")}`);
});

test("recordings follow one another on one thread, announced or not", async () => {
  await using bench = await Bench.start(false);
  const seat = await bench.service.seat({ guildId: GUILD, channelId: CHANNEL, userId: PEOPLE[0].userId });
  for (const handle of [1, 2]) {
    await bench.record(handle, handle === 2);
    const before = seat.sent.length;
    await seat.say(toneSpeech(440, 1));
    const { result } = await bench.stop(handle);
    assert.equal(result.tracks[0]?.counts.written, seat.sent.length - before);
    assert.ok(result.lengthSamples >= SAMPLE_RATE);
  }
});
