import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ErrorData } from "../../../src/errors.ts";
import type { RecordingEvent } from "../../../src/recordings/events.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import type { OpenRequest, WriterEvent, WriterStage, WrittenTrack } from "../../../src/recordings/stages.ts";
import type { Gate, Journal } from "./journal.ts";

/** A writer stage without audio: real folders, manifests and files, each track a short text. */
export class FolderWriter implements WriterStage {
  readonly #journal: Journal;
  readonly #listeners: ((event: WriterEvent) => void)[] = [];
  readonly #open = new Map<number, { directory: string; files: Map<number, string> }>();
  readonly events: RecordingEvent[] = [];
  /** Set to refuse the next open, or close. */
  openRefusal: Error | undefined;
  closeRefusal: Error | undefined;
  closeGate: Gate | undefined;
  manifestGate: Gate | undefined;
  directory = "";

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  async open(request: OpenRequest): Promise<void> {
    this.#journal.note("writer.open");
    mkdirSync(join(request.directory, "tracks"), { recursive: true });
    this.directory = request.directory;
    if (this.openRefusal !== undefined) throw this.openRefusal;
    this.#open.set(request.handle, { directory: request.directory, files: new Map() });
    await this.writeManifest(request.handle, request.manifest);
  }

  /** The first frame of a track: its file appears under the user's id. */
  store(handle: number, track: number, userId: string): void {
    const recording = this.#open.get(handle);
    if (recording === undefined) return;
    const file = `${String(track).padStart(2, "0")}-${userId}.wav`;
    writeFileSync(join(recording.directory, "tracks", file), "audio");
    recording.files.set(track, file);
  }

  nameTrack(handle: number, track: number, name: string): void {
    this.#journal.note(`writer.nameTrack ${track} ${name}`);
    const recording = this.#open.get(handle);
    const old = recording?.files.get(track);
    if (recording === undefined || old === undefined) return;
    const file = `${String(track).padStart(2, "0")}-${name}.wav`;
    renameSync(join(recording.directory, "tracks", old), join(recording.directory, "tracks", file));
    recording.files.set(track, file);
  }

  recordEvent(_handle: number, event: RecordingEvent): void {
    this.events.push(event);
  }

  async writeManifest(handle: number, manifest: Manifest): Promise<void> {
    const recording = this.#open.get(handle);
    if (recording === undefined) throw new Error("no such recording is open");
    this.#journal.note(`writer.writeManifest ${manifest.state}`);
    await this.manifestGate?.passed;
    const file = join(recording.directory, "recording.json");
    // As one step, like the real one: somebody may be reading.
    writeFileSync(`${file}.tmp`, JSON.stringify(manifest));
    renameSync(`${file}.tmp`, file);
  }

  async close(handle: number, end: { readonly lengthSamples: number }): Promise<readonly WrittenTrack[]> {
    this.#journal.note("writer.close");
    await this.closeGate?.passed;
    if (this.closeRefusal !== undefined) throw this.closeRefusal;
    return [...(this.#open.get(handle)?.files ?? [])].map(([track, file]) => ({
      track,
      userId: String(1000 + track),
      file,
      samples: end.lengthSamples,
      writtenSamples: 48_000,
      sizeBytes: 5,
      peak: 12_000,
    }));
  }

  async release(handle: number): Promise<void> {
    this.#journal.note("writer.release");
    this.#open.delete(handle);
  }

  onEvent(listener: (event: WriterEvent) => void): void {
    this.#listeners.push(listener);
  }

  fault(handle: number, error: ErrorData): void {
    this.emit({ kind: "fault", handle, error });
  }

  emit(event: WriterEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
