import { samplesOfMs } from "../audio/pcm.ts";
import { Audibility, isAboutAudibility } from "./audibility.ts";
import type { AudibilityOptions } from "./audibility.ts";
import type { RecordingEvent } from "./events.ts";
import { GapNews } from "./gap-news.ts";
import { gapInWords } from "./gap-report.ts";
import type { LiveManifest } from "./live-manifest.ts";
import type { Captured } from "./manifest-changes.ts";
import type { CaptureEvent, WriterEvent } from "./stages.ts";
import { UnheardAlarm } from "./unheard-alarm.ts";

/** What capture tells of a recording that is not over by it. */
export type CaptureNews = Exclude<CaptureEvent, { readonly kind: "ended" }>;
export type WriterNews = Exclude<WriterEvent, { readonly kind: "fault" }>;

export type SessionNewsOptions = AudibilityOptions & {
  /** Where it goes on; 0 at a beginning. */
  readonly position: number;
};

/** Lives on the main thread. What the stages tell of one recording: noted, kept in its manifest, told to its people. */
export class SessionNews {
  readonly #manifest: LiveManifest;
  readonly #note: (event: RecordingEvent) => void;
  readonly #gaps = new GapNews();
  readonly #alarm: UnheardAlarm;
  readonly #audibility: Audibility;
  #queuedFrames = 0;
  #position: number;

  constructor(options: SessionNewsOptions) {
    const { around, manifest, steps } = options;
    this.#manifest = manifest;
    this.#note = options.note;
    this.#position = options.position;
    const { names, notices, timing } = around;
    this.#alarm = new UnheardAlarm({ manifest, notices, names, steps, noticeMs: timing.noticeMs });
    this.#audibility = new Audibility(options);
  }

  /** The last one heard of, in case capture cannot say where the end is. */
  get position(): number {
    return this.#position;
  }

  /** Frames that capture has offered and the writer has not taken, a second ago at most. */
  get queuedFrames(): number {
    return this.#queuedFrames;
  }

  onCapture(event: CaptureNews): void {
    const { position } = event;
    this.#position = Math.max(this.#position, position);
    if (event.kind === "moved") this.#alarm.moved();
    if (isAboutAudibility(event)) return this.#audibility.on(event);
    const atMs = Date.now();
    switch (event.kind) {
      case "track":
        this.#note({ atMs, position, kind: "track", userId: event.userId, track: event.track });
        this.#manifest.meet(event.track, event.userId);
        break;
      case "unheard":
      case "heard-again":
        this.#note({ atMs, position, kind: event.kind, userId: event.userId });
        this.#alarm.take(event);
        break;
      case "progress":
        this.#queuedFrames = event.queuedFrames;
        this.count(event);
        break;
    }
  }

  onWriter(event: WriterNews): void {
    if (event.kind === "replaced") this.#onWriterReplaced(event.position);
    else this.#manifest.discount(event.tracks);
  }

  /** What happened outside of the stages, such as a join. */
  onOutside(event: RecordingEvent & { readonly position: number }): void {
    this.#note(event);
    const { kind, userId, position } = event;
    if (userId === undefined) return;
    if (kind === "left") this.#alarm.left(userId, position);
    if (kind === "joined") this.#alarm.joined(userId);
  }

  /** The counts of now, and the gaps that are new. */
  count(captured: Captured): void {
    this.#manifest.count(captured);
    for (const { track, userId, gap } of this.#gaps.next(captured.tracks)) {
      const { fromSamples: position } = gap;
      this.#note({ atMs: Date.now(), position, kind: "gap", track, userId, text: gapInWords(gap) });
    }
  }

  /** @param goesOnAt before now by as long as the dead one had taken nothing; undefined where nothing waited for it */
  #onWriterReplaced(goesOnAt: number | undefined): void {
    const atMs = Date.now();
    const { startedAtMs = atMs } = this.#manifest.value;
    const position = goesOnAt ?? Math.max(this.#position, samplesOfMs(atMs - startedAtMs));
    this.#note({ atMs, position, kind: "writer-replaced" });
    this.#manifest.outliveWriter(position);
  }
}
