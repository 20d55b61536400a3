/** A data folder with finished recordings of known sound, and the processors over it. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { DATA_START, wavHeader, wavTail } from "../../../src/audio/wav-header.ts";
import type { JobContext, JobData, JobName, Processors } from "../../../src/jobs/job-runner.ts";
import { createProcessors } from "../../../src/jobs/processors.ts";
import { Catalog } from "../../../src/recordings/catalog.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import { newRecordingId } from "../../../src/recordings/recording-id.ts";
import { Storage } from "../../../src/recordings/storage.ts";

const RATE = 48_000;
export const RETENTION_DAYS = 30;
export const DAY_MS = 86_400_000;

/** What a person's track holds: a tone of this level, and how long all of it is. */
export type Sound = { readonly name: string; readonly dbfs: number | "silence"; readonly file?: string };

export class Workshop {
  readonly dataDirectory: string;
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly enqueued: { readonly name: JobName; readonly data: JobData }[] = [];
  readonly lines: string[] = [];

  private constructor(dataDirectory: string, storage: Storage, catalog: Catalog) {
    this.dataDirectory = dataDirectory;
    this.storage = storage;
    this.catalog = catalog;
  }

  /** `storageIn`: a disk that differs from the real one in what it says of its free space. */
  static async open(
    options: { dataDirectory?: string; storageIn?: (directory: string) => Storage } = {},
  ): Promise<Workshop> {
    const directory = options.dataDirectory ?? fs.mkdtempSync(path.join(os.tmpdir(), "workshop-"));
    const storage = options.storageIn?.(directory) ?? new Storage(directory);
    await storage.prepare();
    return new Workshop(directory, storage, await Catalog.open(directory));
  }

  processors(
    options: { ffmpeg?: string; retentionDays?: number; diskReserveBytes?: number } = {},
  ): Processors {
    return createProcessors({
      storage: this.storage,
      catalog: this.catalog,
      retentionDays: RETENTION_DAYS,
      ffmpeg: "ffmpeg",
      log: this.#log(),
      enqueue: async (name, data) => this.enqueued.push({ name, data }),
      ...options,
    });
  }

  context(signal: AbortSignal = new AbortController().signal, progress: number[] = []): JobContext {
    return { signal, attempt: 1, log: this.#log(), progress: (fraction) => progress.push(fraction) };
  }

  get logged(): string {
    return this.lines.join("");
  }

  /** Writes the folder and the row of a recording that is over. */
  async add(
    sounds: readonly Sound[],
    changes: Partial<Manifest> & { readonly seconds?: number } = {},
  ): Promise<Manifest> {
    const { seconds = 2, ...rest } = changes;
    const samples = seconds * RATE;
    const startedAtMs = rest.startedAtMs ?? Date.now() - DAY_MS;
    const manifest: Manifest = {
      version: 1,
      id: newRecordingId(),
      state: "finished",
      title: "Weekly planning",
      guild: { id: "1", name: "The Guild" },
      channel: { id: "2", name: "General" },
      startedBy: { id: "3", name: "Zoë" },
      channels: 1,
      sampleRate: RATE,
      startedAtMs,
      endedAtMs: startedAtMs + 1000 * seconds,
      lengthSamples: samples,
      tracks: sounds.map(({ name, file, dbfs }, index) => ({
        track: index + 1,
        userId: String(1001 + index),
        name,
        file: file ?? `0${index + 1}-person.wav`,
        samples,
        peak: dbfs === "silence" ? 0 : Math.round(amplitude(dbfs)),
      })),
      ...rest,
    };
    const folder = this.storage.directory(manifest.id);
    fs.mkdirSync(this.storage.tracksDirectory(manifest.id), { recursive: true });
    for (const [index, sound] of sounds.entries())
      this.#writeTrack(manifest, manifest.tracks[index]?.file ?? "", sound, seconds);
    fs.writeFileSync(path.join(folder, "recording.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
    fs.writeFileSync(path.join(folder, "events.ndjson"), `{"atMs":${startedAtMs},"kind":"started"}\n`);
    await this.catalog.upsert(manifest);
    return manifest;
  }

  trackPath(manifest: Manifest, track = 1): string {
    const file = manifest.tracks.find((one) => one.track === track)?.file ?? "";
    return path.join(this.storage.tracksDirectory(manifest.id), file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.catalog.close();
    fs.rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  #log(): pino.Logger {
    const lines = this.lines;
    const sink = new Writable({
      write(chunk: unknown, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    return pino({ level: "trace" }, sink);
  }

  /** Silence is a hole, as the writer makes it: long tracks cost nothing. */
  #writeTrack(manifest: Manifest, file: string, sound: Sound, seconds: number): void {
    const { channels } = manifest;
    const tags = {
      name: sound.name,
      title: manifest.title,
      place: "The Guild / General",
      recordingId: manifest.id,
      track: 1,
      startedAtMs: manifest.startedAtMs ?? 0,
    };
    const tail = wavTail(tags, channels);
    const dataBytes = seconds * RATE * channels * 2;
    const fd = fs.openSync(path.join(this.storage.tracksDirectory(manifest.id), file), "w");
    fs.writeSync(fd, wavHeader({ channels, dataBytes, tailBytes: tail.length }, tags), 0, DATA_START, 0);
    if (sound.dbfs !== "silence") {
      const second = toneSecond(sound.dbfs, channels);
      for (let at = 0; at < dataBytes; at += second.length)
        fs.writeSync(fd, second, 0, second.length, DATA_START + at);
    }
    fs.writeSync(fd, tail, 0, tail.length, DATA_START + dataBytes);
    fs.closeSync(fd);
  }
}

/** One second of 1 kHz: whole periods, so that seconds join without a click. */
function toneSecond(dbfs: number, channels: 1 | 2): Buffer {
  const bytes = Buffer.alloc(RATE * channels * 2);
  for (let index = 0; index < RATE; index++) {
    const value = Math.round(amplitude(dbfs) * Math.sin((2 * Math.PI * 1000 * index) / RATE));
    for (let channel = 0; channel < channels; channel++)
      bytes.writeInt16LE(value, 2 * (index * channels + channel));
  }
  return bytes;
}

function amplitude(dbfs: number): number {
  return 32_767 * 10 ** (dbfs / 20);
}

/** Digest of every file below a folder, by its path there. */
export function digests(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of fs.readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found[path.relative(directory, file)] = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  }
  return found;
}

/** The samples of a track and everything after them. */
export function audioOf(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file).subarray(DATA_START)).digest("hex");
}
