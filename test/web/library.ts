import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { Catalog } from "../../src/recordings/catalog.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { expiryOf, Links } from "../../src/web/links.ts";
import { Metrics } from "../../src/web/metrics.ts";
import type { RecorderFigures } from "../../src/web/metrics.ts";
import { WebServer } from "../../src/web/server.ts";
import type { Readiness } from "../../src/web/server.ts";

export const RETENTION_DAYS = 30;

/** A web server on a free port of 127.0.0.1 over real files and a real catalog, and what it logged. */
export class Library {
  readonly dataDirectory: string;
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly links: Links;
  readonly server: WebServer;
  readonly logged: string[];
  readonly stages: { gateway: boolean; writer: boolean };

  private constructor(parts: Omit<Library, "url" | "track" | "add" | typeof Symbol.asyncDispose>) {
    this.dataDirectory = parts.dataDirectory;
    this.storage = parts.storage;
    this.catalog = parts.catalog;
    this.links = parts.links;
    this.server = parts.server;
    this.logged = parts.logged;
    this.stages = parts.stages;
  }

  static async open(
    figures?: RecorderFigures,
    requestArchive: (id: string) => void = () => undefined,
  ): Promise<Library> {
    const dataDirectory = mkdtempSync(join(tmpdir(), "library-"));
    const storage = new Storage(dataDirectory);
    await storage.prepare();
    const catalog = await Catalog.open(dataDirectory);
    const links = new Links({ publicUrl: "http://recorder.test", secret: "s".repeat(32) });
    const logged: string[] = [];
    const sink = new Writable({
      write(chunk: unknown, _encoding, done) {
        logged.push(String(chunk));
        done();
      },
    });
    const stages = { gateway: true, writer: true };
    const server = await WebServer.start({
      host: "127.0.0.1",
      port: 0,
      links,
      catalog,
      storage,
      retentionDays: RETENTION_DAYS,
      requestArchive,
      readiness: (): Readiness => stages,
      metrics: new Metrics({ version: "0.0.0", recorder: figures }),
      log: pino({ level: "trace" }, sink),
    });
    return new Library({ dataDirectory, storage, catalog, links, server, logged, stages });
  }

  url(path: string): string {
    return `${this.server.address}${path}`;
  }

  /** A signed link on this server. */
  track(id: string, track: number, expiresAtS = expiryOf(Date.now(), RETENTION_DAYS)): string {
    return this.url(`/r/${this.links.trackFromPage(id, track, expiresAtS)}`);
  }

  /** Puts a recording into catalog and folder; track n gets the n-th content. */
  async add(changes: Partial<Manifest> = {}, contents: readonly Uint8Array[] = []): Promise<Manifest> {
    const manifest = sample(changes);
    await this.catalog.upsert(manifest);
    mkdirSync(this.storage.tracksDirectory(manifest.id), { recursive: true });
    for (const [index, content] of contents.entries())
      writeFileSync(join(this.storage.tracksDirectory(manifest.id), `0${index + 1}-person.wav`), content);
    return manifest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.catalog.close();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}

/** A finished recording of ten minutes with two people. */
export function sample(changes: Partial<Manifest> = {}): Manifest {
  const startedAtMs = Date.now() - 3_600_000;
  return {
    version: 1,
    id: newRecordingId(),
    state: "finished",
    title: "Weekly planning",
    guild: { id: "1", name: "The Guild" },
    channel: { id: "2", name: "General" },
    startedBy: { id: "3", name: "Zoë" },
    channels: 1,
    sampleRate: 48_000,
    startedAtMs,
    endedAtMs: startedAtMs + 600_000,
    lengthSamples: 28_800_000,
    connection: { datagrams: 30_000, notMedia: 100, unattributed: 0 },
    tracks: [person(1, "Zoë"), person(2, "Ben")],
    ...changes,
  };
}

export function person(
  track: number,
  name: string,
  counts: Partial<typeof NO_PACKETS> = {},
): Manifest["tracks"][number] {
  return {
    track,
    userId: String(1000 + track),
    name,
    file: `0${track}-person.wav`,
    samples: 28_800_000,
    writtenSamples: 9_600_000,
    sizeBytes: 57_604_096,
    peak: 20_000,
    counts: { ...NO_PACKETS, received: 10_000, written: 10_000, ...counts },
  };
}
