/** Makes a ZIP through a runner in a process of its own: arguments data folder, recording, Redis address or nothing. */
import { Workshop } from "./workshop.ts";
import { startRunner } from "./start-runner.ts";

const [dataDirectory = "", recordingId = "", redisUrl] = process.argv.slice(2);
const workshop = await Workshop.open({ dataDirectory });
const runner = await startRunner(workshop, redisUrl);
await runner.enqueue("archive", { recordingId });
