import { toErrorData } from "../errors.ts";
import type { ErrorData } from "../errors.ts";
import { within } from "./deadline.ts";
import type { RecordingEvent } from "./events.ts";
import { isInterrupted } from "./interruptions.ts";
import type { LiveManifest } from "./live-manifest.ts";
import type { CaptureEvent, RecordingHandle } from "./stages.ts";
import type { Steps } from "./steps.ts";
import type { Surroundings } from "./surroundings.ts";

/** The events of capture that tell whether people can be heard. */
export type AudibilityEvent = Extract<
  CaptureEvent,
  { readonly kind: "connected" | "interrupted" | "moved" | "deafened" }
>;

export function isAboutAudibility(event: CaptureEvent): event is AudibilityEvent {
  return ["connected", "interrupted", "moved", "deafened"].includes(event.kind);
}

export type AudibilityOptions = {
  readonly handle: RecordingHandle;
  readonly around: Surroundings;
  readonly manifest: LiveManifest;
  readonly steps: Steps;
  readonly note: (event: RecordingEvent) => void;
  /** The recording has to wait for its connection, or need not any more. */
  readonly onReconnecting: (reason: string) => void;
  readonly onRecording: () => void;
  /** Where we are now, people cannot be told that they are recorded. */
  readonly onUntellable: (error: ErrorData) => void;
};

const MOVED = "I was moved to another channel.";
const DEAFENED = "An admin had deafened me in the server.";
const ALERT_DEAFENED =
  "**I can't hear anybody**: an admin has deafened me in this server, so nothing is recorded. " +
  "To go on, right-click me in the voice channel and take **Server Deafen** off.";
const ALERT_UNDEAFENED = "I can hear everybody again: what is said from now on is recorded.";

/** Lives on the main thread. When people could not be heard in one recording: noted, kept in its manifest, told to them. */
export class Audibility {
  readonly #options: AudibilityOptions;
  #moves = 0;

  constructor(options: AudibilityOptions) {
    this.#options = options;
  }

  on(event: AudibilityEvent): void {
    const { manifest, note, onReconnecting, onRecording } = this.#options;
    const { position } = event;
    const atMs = Date.now();
    switch (event.kind) {
      case "connected":
        note({ atMs, position, kind: "connected" });
        manifest.heardAgain(["connection", "moved"], position);
        return onRecording();
      case "interrupted":
        note({ atMs, position, kind: "interrupted", text: event.reason });
        manifest.interrupt({ cause: "connection", fromSamples: position, reason: event.reason });
        return onReconnecting(event.reason);
      case "moved":
        void this.#follow(event.channelId, position);
        return onReconnecting(MOVED);
      case "deafened":
        return this.#deafened(event.deaf, position);
    }
  }

  /** People in the new channel are told before anything of theirs is kept; where that cannot be, nothing is. */
  async #follow(channelId: string, position: number): Promise<void> {
    const { handle, around, manifest, note, onUntellable } = this.#options;
    const channel = { id: channelId, name: around.names.channelNameOf(channelId) };
    note({ atMs: Date.now(), position, kind: "moved", channelId, text: channel.name });
    const former = manifest.value.channel;
    const move = ++this.#moves;
    manifest.move(channel, position, MOVED);
    const told = around.notices.move(manifest.value, former, (notice) => manifest.change({ notice }));
    try {
      await within(told, around.timing.noticeMs, "Showing the notice in the new channel");
    } catch (error) {
      // Moved on meanwhile: what could not be said there need not be.
      if (move === this.#moves) onUntellable(toErrorData(error));
      return;
    }
    if (move === this.#moves) around.capture.admit(handle, channelId);
  }

  #deafened(deaf: boolean, position: number): void {
    const { around, manifest, note, steps } = this.#options;
    // A capture thread that goes on for a dead one says how it finds things.
    if (deaf === isInterrupted(manifest.value, "deafened")) return;
    note({ atMs: Date.now(), position, kind: deaf ? "deafened" : "undeafened" });
    if (deaf) manifest.interrupt({ cause: "deafened", fromSamples: position, reason: DEAFENED });
    else manifest.heardAgain(["deafened"], position);
    const { notices, timing } = around;
    const told = Promise.all([
      notices.update(manifest.value),
      notices.alert(manifest.value, deaf ? ALERT_DEAFENED : ALERT_UNDEAFENED),
    ]);
    void steps.quietly("Telling people that nobody is heard", timing.noticeMs, told);
  }
}
