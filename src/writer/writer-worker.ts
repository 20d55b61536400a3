/** Entry of the writer thread. */
import { parentPort, workerData } from "node:worker_threads";
import { createLog } from "../log.ts";
import type { WriterWorkerData } from "./protocol.ts";
import { WriterLoop } from "./writer-loop.ts";

if (parentPort === null) throw new Error("writer-worker.ts runs as a worker thread");
const { memory, logLevel } = workerData as WriterWorkerData;
await new WriterLoop(memory, parentPort, createLog(logLevel, "writer")).run();
