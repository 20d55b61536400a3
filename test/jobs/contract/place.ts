/** What the tests of the contract stand on. */
import type {
  JobContext,
  JobData,
  JobRunner,
  JobState,
  Processor,
  Processors,
} from "../../../src/jobs/job-runner.ts";
import { eventually } from "../../support/wait.ts";

export type StartOptions = {
  readonly processors: Processors | undefined;
  readonly concurrency?: number;
  readonly crashing?: () => boolean;
};

/** Where the runners of one test keep their jobs. */
export type Place = {
  /** A runner on this place: the first one's, or another process's in effect. */
  start(options: StartOptions): Promise<JobRunner>;
} & AsyncDisposable;

/** The `crashing` of a process that never does. */
export function never(): boolean {
  return false;
}

async function unexpected(): Promise<void> {
  throw new Error("this job was not expected");
}

/** Processors of which only those given do anything. */
export function processors(given: Partial<Processors>): Processors {
  return { finish: unexpected, expire: unexpected, archive: unexpected, ...given };
}

/** Resolves when the job has come to this state. */
export function reaches<Kind extends JobState["kind"]>(runner: JobRunner, id: string, kind: Kind) {
  return eventually(`${id} is ${kind}`, async () => {
    const state = await runner.state(id);
    return state !== undefined && state.kind === kind
      ? (state as Extract<JobState, { kind: Kind }>)
      : undefined;
  });
}

/** Makes a test of one promise. */
export type Promised = (name: string, run: (place: Place) => Promise<void>) => void;

/** A processor that runs until its signal. */
export function endless(begun: (data: JobData, context: JobContext) => void): Processor {
  return async (data, context) => {
    begun(data, context);
    await new Promise((_resolve, reject) => {
      context.signal.addEventListener("abort", () => reject(context.signal.reason), { once: true });
    });
  };
}
