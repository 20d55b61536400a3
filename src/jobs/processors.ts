import { archive } from "./archive.ts";
import { expire, sweep } from "./expire.ts";
import { finish } from "./finish.ts";
import { EVERY_RECORDING } from "./job-runner.ts";
import type { JobContext, Processor, Processors } from "./job-runner.ts";
import type { Surroundings } from "./surroundings.ts";

/** The processors of all jobs, for either runner. */
export function createProcessors(around: Surroundings): Processors {
  const turns = new Turns();
  const alone =
    (work: typeof finish): Processor =>
    ({ recordingId }, context) =>
      turns.take(recordingId, context, () => work(around, recordingId, context));
  const expireOne = alone(expire);
  return {
    finish: alone(finish),
    archive: alone(archive),
    expire: (data, context) =>
      data.recordingId === EVERY_RECORDING ? sweep(around, context) : expireOne(data, context),
  };
}

/**
 * One job at a time for each recording in this process, so that a ZIP is not made of headers that change under it. Jobs
 * in two processes may meet: they write the same bytes, and a deleted folder ends the other's work.
 */
class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take(id: string, { signal }: JobContext, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const turn = waitFor(before, signal).then(work);
    // The next one waits for the end of all before it, good or bad; this one may give up waiting.
    const ended = Promise.allSettled([before, turn]);
    this.#last.set(id, ended);
    try {
      await turn;
    } finally {
      if (this.#last.get(id) === ended) this.#last.delete(id);
    }
  }
}

/** Rejects at once with the signal. */
async function waitFor(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([before, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
