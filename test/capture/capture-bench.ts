import assert from "node:assert/strict";
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { LinkTiming } from "../../src/capture/link-timing.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult } from "../../src/recordings/stages.ts";
import { VoiceService } from "../simulator/voice/voice-service.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually } from "../support/wait.ts";
import type { ChildCommand, ChildReport, ReceivedTrack } from "./capture-child.ts";

export const GUILD = "100000000000000001";
export const CHANNEL = "100000000000000002";
export const BOT = "100000000000000003";
export const PEOPLE = [
  { userId: "200000000000000001", hz: 440 },
  { userId: "200000000000000002", hz: 660 },
  { userId: "200000000000000003", hz: 880 },
] as const;

const OP_COMMIT = 29;

/** The capture stage in its child process, and the main gateway between it and the voice service. */
export class Bench implements AsyncDisposable {
  readonly service: VoiceService;
  readonly events: CaptureEvent[] = [];
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #answers: ChildReport[] = [];
  /** When the bot asked to be let into a channel, on this process's clock. */
  readonly joinsMs: number[] = [];
  #session = 0;

  private constructor(service: VoiceService, child: ChildProcess, directory: string) {
    this.service = service;
    this.#child = child;
    this.#directory = directory;
    child.on("message", (report: ChildReport) => this.#onReport(report));
  }

  /** @param timing shortens what the voice connection waits for. */
  static async start(dave: boolean, timing: Partial<LinkTiming> = {}): Promise<Bench> {
    const service = await VoiceService.start({ dave });
    const directory = await mkdtemp(join(tmpdir(), "capture-"));
    const ca = join(directory, "ca.pem");
    await writeFile(ca, service.caPem);
    const child = fork(new URL("./capture-child.ts", import.meta.url), [directory, JSON.stringify(timing)], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
      execArgv: [],
    });
    const bench = new Bench(service, child, directory);
    await bench.#until("ready");
    return bench;
  }

  /** Somebody joins the call. */
  seat({ userId }: { readonly userId: string }): Promise<Seat> {
    return this.service.seat({ guildId: GUILD, channelId: CHANNEL, userId });
  }

  /** Tells the bot to change to keys that nobody can make: garbage, as the commit of transition 7. */
  sendGarbledCommit(): void {
    const garbled = Buffer.concat([Buffer.from([0, 7]), Buffer.alloc(60, 3)]);
    this.service.sendBinary(BOT, OP_COMMIT, garbled);
  }

  /** Starts to record. Resolves with the wall clock's time of position 0, once the bot has everybody's keys. */
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
    await this.service.encryptionSettled(GUILD, CHANNEL);
    return report.startedAtMs;
  }

  async stop(handle: number): Promise<{ result: CaptureResult; tracks: readonly ReceivedTrack[] }> {
    const report = await this.#ask({ kind: "stop", handle }, "stopped");
    assert.equal(report.kind, "stopped");
    return report;
  }

  /** Takes the bot out of voice as an admin does: the main gateway tells, the voice server closes. */
  kick(): void {
    this.#sendState(null, "");
    this.service.dismiss(GUILD, BOT);
  }

  reconnect(handle: number, reason: string): void {
    this.#send({ kind: "reconnect", handle, reason });
  }

  /** Ends the capture thread as a crash would. */
  killThread(): void {
    this.#send({ kind: "kill-thread" });
  }

  /** Resolves once all that these people have sent is in the books. */
  async booked(...seats: readonly Seat[]): Promise<void> {
    await eventually("it is in the books", () => {
      const progress = this.events.findLast((event) => event.kind === "progress");
      return seats.every(
        ({ userId, sent }) =>
          progress?.tracks.find((track) => track.userId === userId)?.counts.written === sent.length,
      );
    });
  }

  /** The first event of this form, past or to come. */
  event(matches: (event: CaptureEvent) => boolean): Promise<CaptureEvent> {
    return eventually("an event of capture", () => this.events.find(matches));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send({ kind: "close" } satisfies ChildCommand);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 30_000);
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
    await eventually(`the child's answer "${kind}"`, () => this.#answers.some(isAnswer));
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
    this.joinsMs.push(performance.now());
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
export async function amplitudes(file: string, hz: number): Promise<number[]> {
  const pcm = await readFile(file);
  const found: number[] = [];
  for (let from = 0; from + SAMPLE_RATE * 2 <= pcm.length; from += SAMPLE_RATE) {
    const block = new Float64Array(SAMPLE_RATE / 2);
    for (let at = 0; at < block.length; at++) block[at] = pcm.readInt16LE(from + at * 2) / 32_768;
    found.push(toneAmplitude(block, hz));
  }
  return found;
}
