/** Recordings that are not as they should be: unfinished, unreadable, moved aside. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, messageOf } from "../errors.ts";
import { isOver } from "../recordings/manifest.ts";
import { isRecordingId } from "../recordings/recording-id.ts";
import type { Storage } from "../recordings/storage.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

const REPAIR = "The next start of the bot recovers what is there; so does npm run doctor -- --repair, now.";

/** Reads every manifest. `inUse`: a bot runs on the folder, so that what is unfinished may be its own. */
export async function checkRecordings(storage: Storage, inUse: boolean): Promise<readonly Finding[]> {
  const { recordingsDirectory, quarantineDirectory } = storage;
  const findings: Finding[] = [];
  let over = 0;
  let unfinished = 0;
  for (const name of await namesIn(recordingsDirectory)) {
    const path = join(recordingsDirectory, name);
    if (name.startsWith(".")) continue;
    if (!isRecordingId(name)) {
      findings.push(
        note(`${path} is no recording.`, "It does no harm there; move it elsewhere if it is yours."),
      );
      continue;
    }
    try {
      const manifest = await storage.readManifest(name);
      if (manifest !== undefined && isOver(manifest)) over++;
      else unfinished++;
    } catch (error) {
      findings.push(wrong(messageOf(error), REPAIR));
    }
  }
  if (unfinished > 0 && inUse)
    findings.push(good(`${counted(unfinished)} running, or being recovered by the bot`));
  else if (unfinished > 0)
    findings.push(wrong(`${counted(unfinished)} unfinished: the process that made it died.`, REPAIR));
  for (const name of await namesIn(quarantineDirectory))
    findings.push(
      note(
        `${join(quarantineDirectory, name)} was moved aside, because nobody could tell what it is.`,
        "Look whether its tracks/ hold anything you miss; then delete or keep it. Nothing else looks there.",
      ),
    );
  return [good(finished(over)), ...findings];
}

function finished(recordings: number): string {
  if (recordings === 0) return "No finished recordings yet";
  return recordings === 1 ? "1 finished recording" : `${recordings} finished recordings`;
}

function counted(recordings: number): string {
  return recordings === 1 ? "1 recording is" : `${recordings} recordings are`;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
