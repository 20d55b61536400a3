import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { RecorderError } from "../errors.ts";
import type {
  CapturedBefore,
  CaptureEvent,
  CaptureRequest,
  CaptureResult,
  RecordingHandle,
} from "../recordings/stages.ts";
import { CaptureBooks, createBooksMemory } from "./capture-books.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import type { Admission, CaptureCommand, Resumption } from "./protocol.ts";

/**
 * - `connecting`: position 0 is not fixed yet. - `running`. - `stopping`: its result is awaited. - `over`: `stopped` has
 * been settled.
 */
export type CaptureState = "connecting" | "running" | "stopping" | "over";

/** When a recording began; its position 0 on the clock of `monotonic-clock.ts`. */
type Beginning = { readonly startedAtMs: number; readonly zeroMs: number };

/** Lives on the main thread. One recording as it is kept there, so that a dead capture thread takes none with it. */
export class CaptureRecord {
  /** The thread that has it has died, or would not take it: no thread knows of it. */
  orphaned = false;
  /** In shared memory: they outlive the thread. */
  readonly #books = createBooksMemory();
  readonly #unsubscribe: () => void;
  readonly #started = Promise.withResolvers<{ readonly startedAtMs: number }>();
  readonly #stopped = Promise.withResolvers<CaptureResult>();
  /** Whose speech could not be decrypted when it was last told. */
  readonly #unheard: Set<string>;
  /** With the channel it is in now. */
  #request: CaptureRequest;
  #admission: Admission;
  #state: CaptureState = "connecting";
  #zeroMs = 0;
  /** Until it is handed to the next thread. */
  #handOver: NodeJS.Timeout | undefined;

  /** @param unsubscribe called once, when it is over */
  constructor(request: CaptureRequest, unsubscribe: () => void) {
    this.#request = request;
    this.#unsubscribe = unsubscribe;
    this.#admission = request.continues?.moved === true ? "told" : "done";
    this.#unheard = new Set(request.continues?.unheard);
    // Nobody need wait for the end of one that never began: the rejection of `started` says it all.
    this.#stopped.promise.catch(() => undefined);
  }

  get handle(): RecordingHandle {
    return this.#request.handle;
  }

  get guildId(): string {
    return this.#request.guildId;
  }

  get state(): CaptureState {
    return this.#state;
  }

  /** Resolves when the clock runs. */
  get started(): Promise<{ readonly startedAtMs: number }> {
    return this.#started.promise;
  }

  get stopped(): Promise<CaptureResult> {
    return this.#stopped.promise;
  }

  begin({ startedAtMs, zeroMs }: Beginning): void {
    if (this.#state === "connecting") this.#state = "running";
    this.#zeroMs = zeroMs;
    this.#started.resolve({ startedAtMs });
  }

  /** Takes up what an earlier process recorded. */
  goOnFrom(before: CapturedBefore): void {
    const { startedAtMs, position } = before;
    // Never before what is there already, should the wall clock have been set back since.
    const ranMs = Math.max(Date.now() - startedAtMs, (position * 1000) / SAMPLE_RATE);
    this.begin({ startedAtMs, zeroMs: monotonicMs() - ranMs });
    new CaptureBooks(this.#books).restore(before);
  }

  /** People in this channel have been told. */
  admit(channelId: string): void {
    if (this.#request.channelId === channelId && this.#admission === "due") this.#admission = "told";
  }

  /** Keeps what a thread tells of the recording and the next one has to know. */
  remember(event: CaptureEvent): void {
    if (event.kind === "moved") {
      this.#request = { ...this.#request, channelId: event.channelId };
      this.#admission = "due";
    } else if (event.kind === "connected") this.#admission = "done";
    else if (event.kind === "unheard") this.#unheard.add(event.userId);
    else if (event.kind === "heard-again") this.#unheard.delete(event.userId);
  }

  /** What is in no thread's hands any more is counted; the position of the dead thread's last sign of life. */
  settleAfterDeath(): number {
    const books = new CaptureBooks(this.#books);
    books.settleAfterDeath();
    return books.seenAlive;
  }

  /** The order to a thread: to begin with it, or to go on where it runs already. */
  startCommand(): CaptureCommand {
    const resumption: Resumption | undefined =
      this.#state === "connecting"
        ? undefined
        : { zeroMs: this.#zeroMs, admission: this.#admission, unheard: [...this.#unheard] };
    return { kind: "start", request: this.#request, books: this.#books, resumption };
  }

  /** No thread has it until `act` is called, unless it is over before. */
  handOverIn(delayMs: number, act: () => void): void {
    this.orphaned = true;
    // Another recording's thread may have died within the pause.
    clearTimeout(this.#handOver);
    this.#handOver = setTimeout(act, delayMs);
  }

  /** Its result is awaited from now on; one that has not begun stays as it is. */
  stopping(): void {
    if (this.#state === "running") this.#state = "stopping";
  }

  /** It never began. */
  fail(error: RecorderError): void {
    this.#end();
    this.#started.reject(error);
    this.#stopped.reject(error);
  }

  finish(result: CaptureResult): void {
    this.#end();
    this.#stopped.resolve(result);
  }

  /** The end of a recording whose thread cannot tell it any more. */
  resultWithoutThread(fence: number): CaptureResult {
    const books = new CaptureBooks(this.#books);
    books.settleAfterDeath();
    return {
      lengthSamples: this.#position,
      fence,
      tracks: books.tracks(),
      connection: books.connectionCounts(0),
    };
  }

  /** Now, on the recording's clock. */
  get #position(): number {
    if (this.#state === "connecting") return 0;
    return Math.round(((monotonicMs() - this.#zeroMs) * SAMPLE_RATE) / 1000);
  }

  #end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#handOver);
    this.#unsubscribe();
  }
}
