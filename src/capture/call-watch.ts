import type { CaptureEvent, CaptureRequest } from "../recordings/stages.ts";
import { Earshot } from "./earshot.ts";
import type { Resumption } from "./protocol.ts";
import type { VoiceLink } from "./voice-link.ts";

export type CallWatchOptions = {
  readonly request: CaptureRequest;
  readonly resumption: Resumption | undefined;
  /** Ogg Opus, said again after a move. */
  readonly announcement: Uint8Array;
  /** A time of `performance.now()` as a position of the recording; undefined before it has begun. */
  readonly positionAt: (ms: number) => number | undefined;
  readonly onEvent: (event: CaptureEvent) => void;
};

/** What is asked of the connection. */
type Link = Pick<VoiceLink, "announce" | "heard" | "ready" | "mediaKeys" | "alone" | "channelId">;

/** Lives on the capture thread. Watches one recording's call, and tells from when to when nobody could be heard, and why. */
export class CallWatch {
  readonly #options: CallWatchOptions;
  readonly #earshot: Earshot;
  #deaf = false;
  #datagrams = 0;
  #announcements = 0;

  constructor(options: CallWatchOptions) {
    const { resumption } = options;
    this.#options = options;
    this.#earshot = new Earshot(resumption !== undefined);
    if (resumption === undefined || resumption.admission === "done") return;
    const nowMs = performance.now();
    this.#earshot.moved(nowMs);
    if (resumption.admission === "told") this.#earshot.admit(nowMs, options.request.announce);
  }

  /** Whether what is said now may be kept. */
  get admitted(): boolean {
    return this.#earshot.admitted;
  }

  /** Position 0. */
  begin(): void {
    const { request, onEvent } = this.#options;
    this.#earshot.begin();
    onEvent({ kind: "connected", handle: request.handle, position: 0 });
    // Discord remembers it of every member, wherever they are.
    if (this.#deaf) onEvent({ kind: "deafened", handle: request.handle, position: 0, deaf: true });
  }

  ready(): void {
    this.#earshot.ready(performance.now());
  }

  lost(reason: string, sinceMs: number): void {
    const { request, positionAt, onEvent } = this.#options;
    const position = positionAt(sinceMs);
    if (!this.#earshot.lost() || position === undefined) return;
    onEvent({ kind: "interrupted", handle: request.handle, position, reason });
  }

  moved(channelId: string): void {
    const { request, positionAt, onEvent } = this.#options;
    const nowMs = performance.now();
    const position = positionAt(nowMs);
    if (position === undefined) return;
    this.#earshot.moved(nowMs);
    onEvent({ kind: "moved", handle: request.handle, position, channelId });
  }

  deafened(deaf: boolean): void {
    const { request, positionAt, onEvent } = this.#options;
    this.#deaf = deaf;
    const position = positionAt(performance.now());
    if (position !== undefined) onEvent({ kind: "deafened", handle: request.handle, position, deaf });
  }

  /** People in this channel have been told. */
  admit(channelId: string, link: Link): void {
    if (channelId === link.channelId) this.#earshot.admit(performance.now(), this.#options.request.announce);
  }

  /** Every 20 ms. @param datagrams how many have come in all. */
  tick(nowMs: number, datagrams: number, link: Link): void {
    if (datagrams !== this.#datagrams) {
      this.#datagrams = datagrams;
      link.heard(nowMs);
    }
    const next = this.#earshot.tick(nowMs, link);
    if (next.kind === "announce") {
      const turn = ++this.#announcements;
      link.announce(this.#options.announcement, () => {
        // An earlier one that a lost connection cut short.
        if (turn === this.#announcements) this.#earshot.announced(performance.now());
      });
    } else if (next.kind === "heard") {
      const { request, positionAt, onEvent } = this.#options;
      const position = positionAt(next.sinceMs) ?? 0;
      onEvent({ kind: "connected", handle: request.handle, position });
    }
  }
}
