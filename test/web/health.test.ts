import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import pino from "pino";
import { RecorderError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";
import { Metrics } from "../../src/web/metrics.ts";
import { WebServer } from "../../src/web/server.ts";
import { Library, sample } from "./library.ts";

const options = { timeout: 60_000 };

test("alive is always yes", options, async () => {
  await using library = await Library.open();
  library.stages.gateway = false;
  const response = await fetch(library.url("/healthz"));
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { alive: true });
});

test("ready is yes only while gateway, writer and disk are, and each is told", options, async () => {
  await using library = await Library.open();
  const ask = async () => {
    const response = await fetch(library.url("/readyz"));
    return { status: response.status, body: await response.json() };
  };
  const all = { gateway: true, writer: true, disk: true };
  assert.deepEqual(await ask(), { status: 200, body: { ready: true, checks: all } });
  library.stages.gateway = false;
  assert.deepEqual(await ask(), { status: 503, body: { ready: false, checks: { ...all, gateway: false } } });
  library.stages.gateway = true;
  library.stages.writer = false;
  assert.deepEqual(await ask(), { status: 503, body: { ready: false, checks: { ...all, writer: false } } });
  library.stages.writer = true;
  rmSync(library.dataDirectory, { recursive: true });
  assert.deepEqual(await ask(), { status: 503, body: { ready: false, checks: { ...all, disk: false } } });
});

test("the metrics are Prometheus' text and follow the recorder", options, async () => {
  const manifest = sample();
  const figures = {
    active: [{ manifest, elapsedMs: 5_000, queuedFrames: 12 }],
    totals: {
      started: 3,
      finished: 1,
      failed: 1,
      packets: { ...NO_PACKETS, received: 110, written: 100, late: 10 },
    },
  };
  await using library = await Library.open(figures);
  const scrape = async () => {
    const response = await fetch(library.url("/metrics"));
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    return parsed(await response.text());
  };
  const first = await scrape();
  assert.equal(first.get("recorder_recordings_active"), 1);
  assert.equal(first.get("recorder_queue_frames"), 12);
  assert.equal(first.get('recorder_recordings_total{state="started"}'), 3);
  assert.equal(first.get('recorder_packets{outcome="written"}'), 100);
  assert.equal(first.get('recorder_packets{outcome="late"}'), 10);
  assert.ok([...first.keys()].some((name) => name.startsWith('recorder_build_info{version="0.0.0"')));
  assert.ok(first.has("nodejs_eventloop_lag_p99_seconds"));
  figures.active = [];
  figures.totals.started = 4;
  const second = await scrape();
  assert.equal(second.get("recorder_recordings_active"), 0);
  assert.equal(second.get('recorder_recordings_total{state="started"}'), 4);
});

/** What another server of the same library needs beside its place and its log. */
function servingOf({ links, catalog, storage }: Library) {
  return {
    links,
    catalog,
    storage,
    retentionDays: 1,
    requestArchive: () => undefined,
    readiness: () => ({ gateway: true, writer: true }),
    metrics: new Metrics({ version: "0", recorder: undefined }),
  };
}

test("a port that is taken is refused with what to change", options, async () => {
  await using library = await Library.open();
  const second = WebServer.start({
    host: "127.0.0.1",
    port: Number(new URL(library.server.address).port),
    ...servingOf(library),
    log: createLog("silent", "test"),
  });
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof RecorderError);
    assert.equal(error.code, "E-PORT");
    assert.match(error.remedy, /HTTP_PORT/);
    return true;
  });
});

test("the log says on which host and port it listens, not an address to try", options, async () => {
  await using library = await Library.open();
  const lines: string[] = [];
  await using server = await WebServer.start({
    host: "localhost",
    port: 0,
    ...servingOf(library),
    log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }),
  });
  const port = Number(new URL(server.address).port);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [{ level: 30, host: "localhost", port, msg: "listening" }],
  );
});

/** The samples of an exposition; every other line must be a comment. */
function parsed(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name = "", value = ""] = /^([a-z_]\w*(?:\{[^}]*\})?) (\S+)$/i.exec(line) ?? [];
    assert.notEqual(name, "", line);
    samples.set(name, Number(value));
  }
  return samples;
}
