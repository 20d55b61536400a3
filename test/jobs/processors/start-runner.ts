import { BullRunner } from "../../../src/jobs/bull-runner.ts";
import { EmbeddedRunner } from "../../../src/jobs/embedded-runner.ts";
import type { JobRunner } from "../../../src/jobs/job-runner.ts";
import { createLog } from "../../../src/log.ts";
import { never } from "../contract/place.ts";
import type { Workshop } from "./workshop.ts";

/** A runner with the real processors: on Redis where there is an address, embedded otherwise. */
export async function startRunner(workshop: Workshop, redisUrl: string | undefined): Promise<JobRunner> {
  const processors = workshop.processors({ ffmpeg: "/nowhere" });
  const log = createLog("silent", "jobs");
  return redisUrl === undefined
    ? EmbeddedRunner.start({ catalog: workshop.catalog, processors, concurrency: 1, crashing: never, log })
    : BullRunner.start({ redisUrl, processors, concurrency: 1, crashing: never, log, lockMs: 1_500 });
}
