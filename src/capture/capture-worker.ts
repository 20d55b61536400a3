/** The capture thread's entry: one message loop, one 20 ms clock, any number of recordings. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, toErrorData } from "../errors.ts";
import { createLog } from "../log.ts";
import { FrameProducer } from "../queue/frame-producer.ts";
import type { CaptureRequest, RecordingHandle } from "../recordings/stages.ts";
import { CaptureBooks } from "./capture-books.ts";
import { CaptureSession } from "./capture-session.ts";
import type { CaptureTools } from "./capture-session.ts";
import { loadOpusCodec } from "./decoder.ts";
import { FecLibrary } from "./fec-library.ts";
import type { CaptureCommand, CaptureReport, CaptureWorkerData, Resumption } from "./protocol.ts";

const TICK_MS = 20;

if (parentPort === null) throw new Error("capture-worker.ts runs as a worker thread only.");
const port = parentPort;
const { memory, announcement, logLevel, linkTiming } = workerData as CaptureWorkerData;
const log = createLog(logLevel, "capture");
const sessions = new Map<RecordingHandle, CaptureSession>();
const report = (message: CaptureReport): void => port.postMessage(message);

const fec = new FecLibrary();
void fec.failed.then((reason) => log.warn({ reason }, "no Opus FEC: lost packets are concealed only"));
const codec = loadOpusCodec(undefined, fec);
log.info({ decoder: codec.name, nativeUnavailable: codec.reason }, "Opus decoder");

const tools: CaptureTools = {
  producer: new FrameProducer(memory),
  codec,
  announcement,
  linkTiming,
  log,
  onPayload: (handle, guildId, payload) => report({ kind: "payload", handle, guildId, payload }),
  onEvent: (event) => report({ kind: "event", event }),
};

const clock = setInterval(() => {
  const nowMs = performance.now();
  for (const session of sessions.values()) {
    try {
      session.tick(nowMs);
    } catch (error) {
      // One recording's fault must not silence the others.
      log.error({ recording: session.request.handle, error: messageOf(error) }, "capture failed at a tick");
    }
  }
}, TICK_MS);

port.on("message", (command: CaptureCommand) => {
  switch (command.kind) {
    case "start":
      void start(command.request, new CaptureBooks(command.books), command.resumption);
      return;
    case "stop":
      void stop(command.handle);
      return;
    case "voice-update":
      sessions.get(command.handle)?.update(command.update);
      return;
    case "admit":
      sessions.get(command.handle)?.admit(command.channelId);
      return;
    case "reconnect":
      sessions.get(command.handle)?.reconnect(command.reason);
      return;
    case "gateway-refused":
      sessions.get(command.handle)?.gatewayRefused();
      return;
    case "close":
      void closeAll();
      return;
  }
});

async function start(
  request: CaptureRequest,
  books: CaptureBooks,
  resumption: Resumption | undefined,
): Promise<void> {
  const { handle } = request;
  try {
    const session = new CaptureSession(request, books, tools, resumption);
    sessions.set(handle, session);
    // It began long ago; from here on its events tell.
    if (resumption !== undefined) return;
    report({ kind: "started", handle, ...(await session.started) });
  } catch (error) {
    sessions.delete(handle);
    report({ kind: "start-failed", handle, error: toErrorData(error) });
  }
}

async function stop(handle: RecordingHandle): Promise<void> {
  const session = sessions.get(handle);
  if (session === undefined) return;
  try {
    const result = await session.stop();
    report({ kind: "stopped", handle, result });
  } catch (error) {
    // The main thread does without our result after its deadline; the log keeps the reason.
    log.error({ recording: handle, error: messageOf(error) }, "capture failed at its end");
  } finally {
    sessions.delete(handle);
  }
}

async function closeAll(): Promise<void> {
  await Promise.all([...sessions.keys()].map(stop));
  clearInterval(clock);
  report({ kind: "closed" });
}
