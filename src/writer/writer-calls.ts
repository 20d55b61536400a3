import { fromErrorData, RecorderError } from "../errors.ts";
import type { WrittenTrack } from "../recordings/stages.ts";
import type { FromWriter, WriterCall } from "./protocol.ts";

/** A disk may stall for long; a caller must not wait for ever. */
const DEADLINE_MS = 30_000;

type PendingCall = {
  readonly message: WriterCall;
  readonly resolve: (tracks: readonly WrittenTrack[]) => void;
  readonly reject: (error: RecorderError) => void;
  readonly timer: NodeJS.Timeout;
};

/** A call as callers give it: the number is added here. */
export type CallWithoutNumber = WriterCall extends infer Call
  ? Call extends WriterCall
    ? Omit<Call, "call">
    : never
  : never;

export type WriterReply = Exclude<FromWriter, { readonly kind: "event" }>;

/** Lives on the main thread. The calls to the writer that wait for their answer, each for 30 s at most. */
export class WriterCalls {
  readonly #pending = new Map<number, PendingCall>();
  #last = 0;

  /** The message to be sent, and the promise of its answer; rejects with `E-WRITER` where none comes in time. */
  begin(message: CallWithoutNumber): {
    readonly numbered: WriterCall;
    readonly answer: Promise<readonly WrittenTrack[]>;
  } {
    const call = ++this.#last;
    const numbered: WriterCall = { ...message, call };
    const { promise, resolve, reject } = Promise.withResolvers<readonly WrittenTrack[]>();
    const timer = setTimeout(() => {
      this.#pending.delete(call);
      reject(unanswered());
    }, DEADLINE_MS);
    this.#pending.set(call, { message: numbered, resolve, reject, timer });
    return { numbered, answer: promise };
  }

  settle(reply: WriterReply): void {
    const pending = this.#pending.get(reply.call);
    // Answered after its deadline: nobody waits any more.
    if (pending === undefined) return;
    this.#pending.delete(reply.call);
    clearTimeout(pending.timer);
    if (reply.kind === "done") pending.resolve(reply.tracks);
    else pending.reject(fromErrorData(reply.error));
  }

  /** Those without an answer, the oldest first. */
  get unanswered(): readonly WriterCall[] {
    return [...this.#pending.values()].map(({ message }) => message);
  }

  rejectAll(error: RecorderError): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
  }
}

function unanswered(): RecorderError {
  return new RecorderError(
    "E-WRITER",
    `The writer did not answer within ${DEADLINE_MS / 1000} s.`,
    "The disk may be stalled: check it, then try again.",
  );
}
