/**
 * The capture stage in a process of its own, driven by messages: the voice service's certificate can be trusted on all
 * threads only through NODE_EXTRA_CA_CERTS, which counts at process start. Plays the writer: reads the queue for real.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { pino } from "pino";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { CROSSFADE_SAMPLES } from "../../src/audio/timeline.ts";
import { CaptureThread } from "../../src/capture/capture-thread.ts";
import type { VoiceUpdate } from "../../src/capture/voice-gateway.ts";
import { toErrorData } from "../../src/errors.ts";
import type { ErrorData } from "../../src/errors.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult } from "../../src/recordings/stages.ts";

export type ChildCommand =
  | { readonly kind: "start"; readonly request: CaptureRequest }
  | { readonly kind: "stop"; readonly handle: number }
  | { readonly kind: "update"; readonly guildId: string; readonly update: VoiceUpdate }
  | { readonly kind: "reconnect"; readonly handle: number; readonly reason: string }
  /** Ends the capture thread without a word, as a crash would. */
  | { readonly kind: "kill-thread" }
  | { readonly kind: "close" };

/** One track as the queue delivered it; the audio is in `<directory>/<handle>-<track>.pcm`. */
export type ReceivedTrack = {
  readonly track: number;
  readonly userId: string;
  /** That came whole. */
  readonly packets: number;
  /** That something was written to. */
  readonly samples: number;
  /**
   * Frames that begin before the end of the one before, beyond a crossfade; in a track's first two seconds what was late
   * may be written again.
   */
  readonly disordered: number;
  readonly file: string;
};

export type ChildReport =
  | { readonly kind: "ready" }
  | { readonly kind: "started"; readonly startedAtMs: number }
  | { readonly kind: "failed"; readonly error: ErrorData }
  | { readonly kind: "stopped"; readonly result: CaptureResult; readonly tracks: readonly ReceivedTrack[] }
  | { readonly kind: "payload"; readonly guildId: string; readonly payload: unknown }
  | { readonly kind: "event"; readonly event: CaptureEvent };

type Collected = {
  userId: string;
  frames: { position: number; pcm: Buffer }[];
  packets: number;
  end: number;
  disordered: number;
};

const BEGINNING_SAMPLES = 2 * SAMPLE_RATE;

const directory = process.argv[2] ?? ".";
const listeners = new Map<string, (update: VoiceUpdate) => void>();
const collected = new Map<string, Collected>();
const memory = createFrameQueueMemory(4_096);
const consumer = new FrameConsumer(memory);
const tell = (report: ChildReport): void => void process.send?.(report);

let thread: Worker | undefined;
process.on("worker", (worker: Worker) => {
  thread = worker;
});

const capture = await CaptureThread.start({
  memory,
  gateway: {
    send: (guildId, payload) => (tell({ kind: "payload", guildId, payload }), true),
    subscribe: (guildId, listener) => {
      listeners.set(guildId, listener);
      return () => void listeners.delete(guildId);
    },
  },
  announcement: await readFile(new URL("../../src/capture/announcement.ogg", import.meta.url)),
  log: pino({ level: "silent" }),
  logLevel: process.env["LOG_LEVEL"] ?? "silent",
  // Of our own making, in the bench.
  linkTiming: JSON.parse(process.argv[3] ?? "{}"),
});
capture.onEvent((event) => tell({ kind: "event", event }));
const polling = setInterval(drain, 20);

process.on("message", (command: ChildCommand) => void obey(command));
tell({ kind: "ready" });

async function obey(command: ChildCommand): Promise<void> {
  try {
    switch (command.kind) {
      case "start":
        tell({ kind: "started", ...(await capture.start(command.request)) });
        return;
      case "stop": {
        const result = await capture.stop(command.handle);
        drain();
        if (!consumer.reached(result.fence)) throw new Error("the fence lies beyond the queue's end");
        tell({ kind: "stopped", result, tracks: await save(command.handle, result.lengthSamples) });
        return;
      }
      case "update":
        listeners.get(command.guildId)?.(command.update);
        return;
      case "reconnect":
        capture.reconnect(command.handle, command.reason);
        return;
      case "kill-thread":
        await thread?.terminate();
        return;
      case "close":
        clearInterval(polling);
        await capture.close();
        process.disconnect();
        return;
    }
  } catch (error) {
    tell({ kind: "failed", error: toErrorData(error) });
  }
}

function drain(): void {
  for (let frame = consumer.peek(); frame !== undefined; frame = consumer.peek()) {
    const key = `${frame.recording}-${frame.track}`;
    let track = collected.get(key);
    if (track === undefined) {
      track = { userId: String(frame.userId), frames: [], packets: 0, end: 0, disordered: 0 };
      collected.set(key, track);
    }
    const first = track.frames[0]?.position ?? frame.position;
    const begins = frame.position < first + BEGINNING_SAMPLES;
    if (!begins && frame.position < track.end - CROSSFADE_SAMPLES) track.disordered++;
    track.end = frame.position + frame.samples;
    track.packets += frame.packets;
    track.frames.push({ position: frame.position, pcm: Buffer.from(frame.pcm) });
    consumer.release();
  }
}

async function save(handle: number, lengthSamples: number): Promise<ReceivedTrack[]> {
  const tracks: ReceivedTrack[] = [];
  for (const [key, { userId, frames, packets, disordered }] of collected) {
    const [recording, track] = key.split("-").map(Number);
    if (recording !== handle) continue;
    const file = join(directory, `${key}.pcm`);
    // Mono only: two bytes per sample.
    const audio = Buffer.alloc(lengthSamples * 2);
    const written = new Uint8Array(lengthSamples);
    for (const { position, pcm } of frames) {
      pcm.copy(audio, position * 2);
      written.fill(1, position, position + pcm.length / 2);
    }
    const samples = written.reduce((sum, one) => sum + one, 0);
    await writeFile(file, audio);
    tracks.push({ track: track ?? 0, userId, packets, samples, disordered, file });
  }
  return tracks;
}
