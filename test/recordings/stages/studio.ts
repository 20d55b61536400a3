import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../../src/log.ts";
import { Catalog } from "../../../src/recordings/catalog.ts";
import { Recorder } from "../../../src/recordings/recorder.ts";
import type { StartRequest } from "../../../src/recordings/recorder.ts";
import { Storage } from "../../../src/recordings/storage.ts";
import type { Timing } from "../../../src/recordings/timing.ts";
import { FolderWriter } from "./folder-writer.ts";
import { Journal } from "./journal.ts";
import { knownNames, PlainNotices } from "./people.ts";
import { QuietCapture } from "./quiet-capture.ts";

/** A recorder on a real disk and a real catalog, with stages that do as the test says. */
export class Studio {
  readonly journal: Journal;
  readonly capture: QuietCapture;
  readonly writer: FolderWriter;
  readonly notices: PlainNotices;
  readonly dataDirectory: string;
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly recorder: Recorder;
  /** State and id of the recordings that were said to be over. */
  readonly over: readonly string[];

  private constructor(dataDirectory: string, catalog: Catalog, parts: StudioParts) {
    this.dataDirectory = dataDirectory;
    this.storage = new Storage(dataDirectory);
    this.catalog = catalog;
    this.recorder = parts.recorder;
    this.over = parts.over;
    this.journal = parts.journal;
    this.capture = parts.capture;
    this.writer = parts.writer;
    this.notices = parts.notices;
  }

  static async open(
    options: { readonly timing?: Partial<Timing>; readonly diskReserveBytes?: number } = {},
  ): Promise<Studio> {
    const dataDirectory = mkdtempSync(join(tmpdir(), "recordings-"));
    const catalog = await Catalog.open(dataDirectory);
    const journal = new Journal();
    const capture = new QuietCapture(journal);
    const writer = new FolderWriter(journal);
    const notices = new PlainNotices(journal);
    const over: string[] = [];
    const recorder = await Recorder.start({
      capture,
      writer,
      catalog,
      names: knownNames,
      notices,
      storage: new Storage(dataDirectory),
      announce: false,
      diskReserveBytes: options.diskReserveBytes ?? 0,
      log: createLog("silent", "test"),
      timing: options.timing ?? {},
      onOver: (manifest) => over.push(`${manifest.state} ${manifest.id}`),
    });
    return new Studio(dataDirectory, catalog, { journal, capture, writer, notices, recorder, over });
  }

  /** Somebody speaks: a track in capture, a file at the writer. */
  hear(track: number, handle = this.capture.handle): void {
    const userId = String(1000 + track);
    this.writer.store(handle, track, userId);
    this.capture.hear(track, userId, handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gate of [
      this.capture.startGate,
      this.capture.stopGate,
      this.writer.closeGate,
      this.writer.manifestGate,
      this.notices.clearGate,
    ])
      gate?.open();
    await this.recorder.close();
    await this.catalog.close();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}

type StudioParts = {
  readonly journal: Journal;
  readonly capture: QuietCapture;
  readonly writer: FolderWriter;
  readonly notices: PlainNotices;
  readonly recorder: Recorder;
  readonly over: readonly string[];
};

/** An order to record in guild 1, unless told otherwise. */
export function request(changes: Partial<StartRequest> = {}): StartRequest {
  return {
    guild: { id: "1", name: "Guild" },
    channel: { id: "2", name: "General" },
    startedBy: { id: "3", name: "Zoë" },
    botUserId: "4",
    channels: 1,
    title: undefined,
    ...changes,
  };
}

/** Looks again until it holds; fails after a time that no machine needs. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it never came true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
