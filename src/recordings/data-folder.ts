/** What is at the path that `DATA_DIR` names, told before anything is made or written there. */
import { access, constants, lstat, mkdir, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { isMissing, systemCodeOf } from "../errors.ts";

/**
 * - `folder`: it is there. - `absent`: it can be tried to make it in `nearest`, a folder that is there. - `unusable`: something
 * else is in the way; why, in a sentence, and what to do.
 */
export type DataFolder =
  | { readonly kind: "folder" }
  | { readonly kind: "absent"; readonly nearest: string }
  | { readonly kind: "unusable"; readonly problem: string; readonly remedy: string };

const ELSEWHERE = "or let DATA_DIR name another folder.";
const GIVE = `Give it to the user that the recorder runs as, ${ELSEWHERE}`;

/** Looks at the path and at what is above it; changes nothing. `path` is absolute. */
export async function lookAtFolder(path: string): Promise<DataFolder> {
  let place = path;
  let barred = false;
  for (;;) {
    try {
      await lstat(place);
      break;
    } catch (error) {
      if (dirname(place) === place) throw error;
      barred = systemCodeOf(error) === "EACCES";
      if (!barred && !isMissing(error)) throw error;
      place = dirname(place);
    }
  }
  if (barred) return unusable(`${place} may not be entered by ${whoWeAre()}`, GIVE);
  const found = await stat(place).catch((error: unknown) => systemCodeOf(error));
  if (typeof found === "string")
    return unusable(
      `${place} is a link that leads nowhere (${found})`,
      `Make the folder that it leads to, ${ELSEWHERE}`,
    );
  if (!found.isDirectory()) return unusable(`${place} is a file, not a folder`, `Move it away, ${ELSEWHERE}`);
  return place === path ? { kind: "folder" } : { kind: "absent", nearest: place };
}

/** What bars us from a file or folder that is there, and what to do; undefined where we may read and write it. */
export async function barrierOf(
  path: string,
): Promise<{ readonly problem: string; readonly remedy: string } | undefined> {
  const { R_OK, W_OK } = constants;
  const code = await access(path, R_OK | W_OK).then(() => undefined, systemCodeOf);
  if (code === undefined || code === "ENOENT") return undefined;
  return { problem: `${path} cannot be read and written by ${whoWeAre()} (${code})`, remedy: GIVE };
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
