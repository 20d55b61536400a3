/** The whole bot as `npm start` runs it, told by a host's `/record start` and `/record stop`. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { manifestSchema } from "../../../src/recordings/manifest.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import { BotProcess } from "../../support/bot-process.ts";
import { importing } from "./importing.ts";
import type { Subject, SubjectOptions } from "./subject.ts";

export async function startOurs(options: SubjectOptions): Promise<Subject> {
  const { crowd, directory, preloads, environment } = options;
  const bot = await BotProcess.ready(
    { ...crowd.environment, DATA_DIR: directory, ANNOUNCEMENT: "off", ...environment },
    importing(preloads),
  );
  try {
    await crowd.recordStart();
  } catch (error) {
    await bot.stop("SIGKILL");
    throw error;
  }
  return {
    pid: bot.pid,
    stop: () => crowd.recordStop(),
    kill: async () => void (await bot.stop("SIGKILL")),
    recordedPackets: () =>
      manifestIn(directory).tracks.reduce((sum, { counts }) => sum + (counts?.written ?? 0), 0),
    files: () => trackFiles(directory),
    async [Symbol.asyncDispose]() {
      // With a grace: the probe's figures are written at the end.
      if (bot.child.exitCode === null && bot.child.signalCode === null) await bot.stop("SIGTERM");
    },
  };
}

/** Of the only recording. */
export function manifestIn(directory: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(folderIn(directory), "recording.json"), "utf8")));
}

function folderIn(directory: string): string {
  const root = join(directory, "recordings");
  const [id = ""] = existsSync(root) ? readdirSync(root) : [];
  return join(root, id);
}

function trackFiles(directory: string): string[] {
  const tracks = join(folderIn(directory), "tracks");
  return readdirSync(tracks)
    .filter((name) => name.endsWith(".wav"))
    .map((name) => join(tracks, name));
}
