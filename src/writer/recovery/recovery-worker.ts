/** Entry of the recovery thread. Its disk operations block it, and nobody else. */
import { parentPort } from "node:worker_threads";
import { toErrorData } from "../../errors.ts";
import { diskError } from "../disk-error.ts";
import type { FromRecovery, ToRecovery } from "./protocol.ts";
import { recoverFolder } from "./recover-folder.ts";

if (parentPort === null) throw new Error("recovery-worker.ts runs as a worker thread");
const port = parentPort;
port.on("message", ({ left }: ToRecovery) => port.postMessage(answerTo(left)));

function answerTo(left: ToRecovery["left"]): FromRecovery {
  try {
    return { kind: "done", outcome: recoverFolder(left) };
  } catch (error) {
    return { kind: "failed", error: toErrorData(diskError(error)) };
  }
}
