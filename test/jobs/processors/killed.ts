import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * Runs a job in a process and kills it (SIGKILL) when it reports its n-th progress. Resolves with whether it really died
 * of that: a job that was faster proves nothing.
 */
export async function killedAt(
  reports: number,
  dataDirectory: string,
  job: string,
  recordingId: string,
): Promise<boolean> {
  const script = fileURLToPath(new URL("processor-child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDirectory, job, recordingId], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString().split("\n").length - 1;
    if (seen >= reports) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal === "SIGKILL";
}
