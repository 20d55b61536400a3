import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { Recorder } from "../../src/recordings/recorder.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { expiryOf, Links } from "../../src/web/links.ts";
import { Metrics } from "../../src/web/metrics.ts";
import { WebServer } from "../../src/web/server.ts";
import { WriterThread } from "../../src/writer/writer-thread.ts";
import { readWithWavefile } from "../support/wav-readers.ts";
import { Journal } from "./stages/journal.ts";
import { knownNames, PlainNotices } from "./stages/people.ts";
import { QuietCapture } from "./stages/quiet-capture.ts";
import { request } from "./stages/studio.ts";

const options = { timeout: 180_000 };

/** 20 ms of a square wave, loud enough not to be taken for silence. */
const FRAME = Uint8Array.from({ length: 1_920 }, (_, byte) => ((byte >> 6) & 1 ? 0x20 : 0x10));

test("frames in the queue come out of the web as tracks of one length, resumable", options, async () => {
  await using closing = new AsyncDisposableStack();
  const dataDirectory = mkdtempSync(join(tmpdir(), "with-writer-"));
  closing.defer(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const log = createLog("silent", "test");
  const storage = new Storage(dataDirectory);
  await storage.prepare();
  const catalog = closing.use(await Catalog.open(dataDirectory));
  const memory = createFrameQueueMemory(256);
  const writer = closing.use(await WriterThread.start({ memory, log, logLevel: "silent" }));
  const producer = new FrameProducer(memory);
  const journal = new Journal();
  const capture = new QuietCapture(journal);
  capture.fence = () => producer.tail;
  const notices = new PlainNotices(journal);
  const recorder = closing.use(
    await Recorder.start({
      capture,
      writer,
      catalog,
      names: knownNames,
      notices,
      storage,
      announce: false,
      diskReserveBytes: 0,
      log,
    }),
  );
  const links = new Links({ publicUrl: "http://recorder.test", secret: "s".repeat(32) });
  const server = closing.use(
    await WebServer.start({
      host: "127.0.0.1",
      port: 0,
      links,
      catalog,
      storage,
      retentionDays: 1,
      requestArchive: () => undefined,
      readiness: () => ({ gateway: true, writer: writer.alive }),
      metrics: new Metrics({ version: "0", recorder }),
      log,
    }),
  );

  const { id } = await recorder.start(request());
  for (const track of [1, 2]) {
    for (let frame = 0; frame < 50; frame += 1)
      assert.ok(
        producer.offer(
          capture.handle,
          track,
          BigInt(1000 + track),
          1,
          track * 9_600 + frame * 960,
          FRAME,
          0,
          1_920,
        ),
      );
    capture.hear(track, String(1000 + track));
  }
  const manifest = await recorder.stop("1");

  assert.equal(manifest.state, "finished");
  assert.equal(manifest.error, undefined);
  assert.equal(manifest.tracks.length, 2);
  assert.deepEqual(await storage.readManifest(id), manifest);
  assert.ok(readdirSync(storage.directory(id)).includes("events.ndjson"));
  for (const track of manifest.tracks) {
    assert.equal(track.samples, 96_000);
    assert.equal(track.writtenSamples, 48_000);
    const facts = readWithWavefile(join(storage.tracksDirectory(id), track.file ?? ""));
    assert.equal(facts.samples, 96_000);
    const path = links.trackFromPage(id, track.track, expiryOf(Date.now(), 1));
    const address = `${server.address}/r/${path}`;
    const whole = await fetch(address);
    const bytes = Buffer.from(await whole.arrayBuffer());
    assert.equal(bytes.length, track.sizeBytes);
    const rest = await fetch(address, {
      headers: { range: "bytes=5000-", "if-range": whole.headers.get("etag") ?? "" },
    });
    assert.equal(rest.status, 206);
    assert.deepEqual(Buffer.from(await rest.arrayBuffer()), bytes.subarray(5_000));
  }
});
