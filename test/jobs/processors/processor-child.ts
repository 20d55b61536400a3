/** Does one job in a process of its own, for tests that kill it: arguments data folder, job, recording. */
import { createLog } from "../../../src/log.ts";
import { createProcessors } from "../../../src/jobs/processors.ts";
import { Catalog } from "../../../src/recordings/catalog.ts";
import { Storage } from "../../../src/recordings/storage.ts";

const [dataDirectory = "", job = "finish", recordingId = ""] = process.argv.slice(2);
const catalog = await Catalog.open(dataDirectory);
const processors = createProcessors({
  storage: new Storage(dataDirectory),
  catalog,
  retentionDays: 30,
  ffmpeg: "ffmpeg",
  log: createLog("silent", "jobs"),
  enqueue: () => Promise.resolve(),
});
const context = {
  signal: new AbortController().signal,
  attempt: 1,
  log: createLog("silent", "jobs"),
  progress: (fraction: number) => console.log(String(fraction)),
};
await processors[job as "finish" | "archive" | "expire"]({ recordingId }, context);
await catalog.close();
