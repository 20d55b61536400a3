/** What is at the path that `DATA_DIR` names, told before anything is made or written there. */
import { access, constants, lstat, mkdir, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isMissing, systemCodeOf } from "../errors.ts";

/**
 * - `folder`: it is there, and may be used. - `absent`: it can be tried to make it in `nearest`, a folder that is there. -
 * `unusable`: why, in a sentence without its full stop, and what to do.
 */
export type DataFolder =
  | { readonly kind: "folder" }
  | { readonly kind: "absent"; readonly nearest: string }
  | { readonly kind: "unusable"; readonly problem: string; readonly remedy: string };

/** What the recorder reads and writes in it, and a process of another user may have made. */
const READ_AND_WRITTEN = [
  "catalog.sqlite",
  "catalog.sqlite-wal",
  "catalog.sqlite-shm",
  "bot.lock",
  "catalog.lock",
  "jobs.lock",
];

const ELSEWHERE = "or let DATA_DIR name another folder.";
const { R_OK, W_OK } = constants;

/** Looks at a `DATA_DIR`, at what is above it and at what is ours in it; changes nothing. */
export async function lookAtDataFolder(dataDirectory: string): Promise<DataFolder> {
  const folder = resolve(dataDirectory);
  const recordings = join(folder, "recordings");
  const place = await nearestOf(recordings);
  if (place.barred)
    return unusable(
      `${place.path} may not be entered by ${whoWeAre()}`,
      "Let DATA_DIR name a folder that is not in there.",
    );
  const found = await stat(place.path).catch((error: unknown) => systemCodeOf(error));
  if (typeof found === "string")
    return unusable(
      `${place.path} is a link that leads nowhere (${found})`,
      `Make the folder that it leads to, ${ELSEWHERE}`,
    );
  if (!found.isDirectory())
    return unusable(`${place.path} is a file, not a folder`, `Move it away, ${ELSEWHERE}`);
  if (place.path !== folder && place.path !== recordings) return { kind: "absent", nearest: place.path };
  const inside = READ_AND_WRITTEN.map((name) => join(folder, name));
  for (const path of [folder, recordings, ...inside]) {
    const code = await access(path, R_OK | W_OK).then(() => "", systemCodeOf);
    if (code !== "" && code !== "ENOENT")
      return unusable(
        `${path} cannot be read and written by ${whoWeAre()} (${code})`,
        `Give it to the user that the recorder runs as (or run this as that user), ${ELSEWHERE}`,
      );
  }
  return { kind: "folder" };
}

/** The last part of the path that is there; `barred` where what it leads to cannot be seen. */
async function nearestOf(path: string): Promise<{ readonly path: string; readonly barred: boolean }> {
  let barred = false;
  for (let place = path; ; place = dirname(place)) {
    try {
      await lstat(place);
      return { path: place, barred };
    } catch (error) {
      barred = systemCodeOf(error) === "EACCES";
      if ((!barred && !isMissing(error)) || dirname(place) === place) throw error;
    }
  }
}

/** Makes a folder and those above it. Node's own recursive `mkdir` goes round for ever where the system says ENOENT, as in /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeOne(path);
  }
}

/** Somebody else may make it at the same time. */
async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const isThere = (await stat(path).catch(() => undefined))?.isDirectory() === true;
    if (!isThere) throw error;
  }
}

function unusable(problem: string, remedy: string): DataFolder {
  return { kind: "unusable", problem, remedy };
}

/** For sentences; a container's user need not have a name. */
function whoWeAre(): string {
  try {
    return `the user ${userInfo().username}`;
  } catch {
    return `the user ${process.getuid?.() ?? ""}`;
  }
}
