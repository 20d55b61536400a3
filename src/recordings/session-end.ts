import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { ErrorData } from "../errors.ts";
import type { RecordingEvent } from "./events.ts";
import type { LiveManifest } from "./live-manifest.ts";
import type { SessionNews } from "./session-news.ts";
import type { EndCause } from "./session-state.ts";
import type { RecordingHandle } from "./stages.ts";
import type { Steps } from "./steps.ts";
import type { Surroundings } from "./surroundings.ts";

export type SessionEndOptions = {
  readonly handle: RecordingHandle;
  readonly around: Surroundings;
  readonly manifest: LiveManifest;
  readonly steps: Steps;
  readonly note: (event: RecordingEvent) => void;
  readonly news: SessionNews;
  /** What the disk refused while it ran. */
  readonly fault: () => ErrorData | undefined;
};

/**
 * Ends a running recording: capture, names, tracks, last manifest, then the folder is let go. Every step is tried whatever
 * became of the one before: each saves something of its own. Gives why it failed; undefined where nothing did.
 */
export async function endSession(
  options: SessionEndOptions,
  cause: EndCause,
): Promise<ErrorData | undefined> {
  const { handle, around, manifest, steps, note, news } = options;
  const { capture, writer, timing } = around;
  // That it has been stopped is said on the disk first: should this process die now, no other must go on with it. Not
  // awaited yet: a slow disk must not keep us listening after "stop".
  const rested = manifest.saveNow().then(() => manifest.rest());
  const stopped = await steps.attempt("Leaving the channel", timing.stopMs, capture.stop(handle));
  if (stopped.ok) news.count(stopped.value);
  // Without capture's word the queue's tail is unknown: 0 means "do not wait for it".
  const end = stopped.ok ? stopped.value : { lengthSamples: news.position, fence: 0 };
  const { lengthSamples, fence } = end;
  await manifest.named();
  note({ atMs: Date.now(), position: lengthSamples, kind: "stopped", text: cause.kind });
  const closing = writer.close(handle, { lengthSamples, fence });
  const closed = await steps.attempt("Closing the tracks", timing.closeMs, closing);
  await rested;
  await manifest.close(closed.ok ? closed.value : []);
  const errors = [
    options.fault(),
    closed.ok ? undefined : closed.error,
    stopped.ok ? undefined : stopped.error,
  ];
  const failure = errors.find((error) => error !== undefined);
  await seal(manifest, { cause, lengthSamples, failure });
  await steps.quietly("Letting go of the folder", timing.manifestMs, writer.release(handle));
  return failure;
}

async function seal(
  manifest: LiveManifest,
  end: {
    readonly cause: EndCause;
    readonly lengthSamples: number;
    readonly failure: ErrorData | undefined;
  },
): Promise<void> {
  const { cause, lengthSamples, failure } = end;
  const shown = failure ?? ("error" in cause ? cause.error : undefined);
  const startedAtMs = manifest.value.startedAtMs ?? Date.now();
  manifest.endInterruptions(lengthSamples);
  await manifest.seal({
    state: failure === undefined ? "finished" : "failed",
    lengthSamples,
    endedAtMs: startedAtMs + Math.round((lengthSamples * 1000) / SAMPLE_RATE),
    // The detail is for the log alone.
    ...(shown === undefined ? {} : { error: { code: shown.code, message: shown.message } }),
  });
}
