import type { Log } from "../log.ts";
import { SIGNAL_GRACE_MS } from "./back-off.ts";
import type { RunningJob, StopReason } from "./running-job.ts";

type Entry = { readonly job: RunningJob; readonly ended: Promise<void> };

/** Lives on the main thread. The jobs that this process works at right now. */
export class RunningJobs {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): RunningJob | undefined {
    return this.#entries.get(id)?.job;
  }

  list(): readonly RunningJob[] {
    return [...this.#entries.values()].map((entry) => entry.job);
  }

  /** Keeps a job until its work has ended; `work` never rejects. */
  add(job: RunningJob, work: Promise<void>): void {
    const entry: Entry = {
      job,
      ended: work.finally(() => {
        if (this.#entries.get(job.id) === entry) this.#entries.delete(job.id);
      }),
    };
    this.#entries.set(job.id, entry);
  }

  /** Gives one job its signal and waits until it has obeyed, as long as that takes. */
  async stop(id: string, reason: StopReason): Promise<void> {
    const entry = this.#entries.get(id);
    entry?.job.stop(reason);
    await entry?.ended;
  }

  /** Waits for all; after `timeoutMs` gives them their signal, with this reason, and a last moment to obey. */
  async end(timeoutMs: number, reason: StopReason, log: Log): Promise<void> {
    if (await this.#settled(timeoutMs)) return;
    for (const { job } of this.#entries.values()) job.stop(reason);
    if (await this.#settled(SIGNAL_GRACE_MS)) return;
    log.warn(
      { jobs: [...this.#entries.keys()] },
      "jobs did not stop when told to; they are begun again at the next start",
    );
  }

  /** Whether all have ended within the time. */
  async #settled(timeoutMs: number): Promise<boolean> {
    if (this.#entries.size === 0) return true;
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), timeoutMs);
    const all = Promise.all([...this.#entries.values()].map((entry) => entry.ended)).then(() => true);
    try {
      return await Promise.race([all, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
