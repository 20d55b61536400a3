/** A process whose writer thread has nothing to do but to say something, three times, in its log. */
import { WriterThread } from "../../src/writer/writer-thread.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { createLog } from "../../src/log.ts";
import { manifestOf, STARTED_AT_MS } from "./recording-setup.ts";

const [directory] = process.argv.slice(2);
const writer = await WriterThread.start({
  memory: createFrameQueueMemory(64),
  log: createLog("silent", "main"),
  logLevel: "warn",
});
const manifest = manifestOf("id", 1);
await writer.open({ handle: 1, directory: directory!, channels: 1, startedAtMs: STARTED_AT_MS, manifest });
await writer.release(1);
for (let track = 1; track <= 3; track++) {
  writer.nameTrack(1, track, "nobody");
  await new Promise((resolve) => setTimeout(resolve, 50));
}
// Until it is killed: nothing else makes the writer talk.
setInterval(() => {}, 1_000);
