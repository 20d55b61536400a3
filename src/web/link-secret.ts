import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RecorderError, systemCodeOf } from "../errors.ts";

const SECRET_BYTES = 32;

/** Shortest content that we take for a secret. */
const MIN_LENGTH = 32;

/**
 * The secret that signs links when none is configured: made once and kept in `DATA_DIR/link-secret`, readable by its
 * owner alone, so that links survive a restart. Rejects with `E-LINK-SECRET`.
 */
export async function loadLinkSecret(dataDirectory: string): Promise<string> {
  return usable(dataDirectory, async (path) => (await keptSecret(path)) ?? makeSecret(path));
}

/** The one that is kept, undefined where none has been made yet. Changes nothing. Rejects with `E-LINK-SECRET`. */
export async function readLinkSecret(dataDirectory: string): Promise<string | undefined> {
  return usable(dataDirectory, keptSecret);
}

async function usable<T>(dataDirectory: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(dataDirectory, "link-secret");
  try {
    return await use(path);
  } catch (error) {
    throw new RecorderError(
      "E-LINK-SECRET",
      `The secret for links in ${path} cannot be used: ${messageOf(error)}.`,
      "Let the recorder read and write that file, or set LINK_SECRET.",
      { cause: error },
    );
  }
}

async function keptSecret(path: string): Promise<string | undefined> {
  let secret: string;
  try {
    secret = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  if (secret.length < MIN_LENGTH) throw new Error("it is too short; remove it to have a new one made");
  return secret;
}

/** Written aside and linked into place: never half a secret, and of two processes that start together one wins. */
async function makeSecret(path: string): Promise<string> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  try {
    await writeFile(draft, `${secret}\n`, { mode: 0o600, flush: true });
    await link(draft, path);
    return secret;
  } catch (error) {
    const kept = await keptSecret(path);
    if (kept === undefined) throw error;
    return kept;
  } finally {
    await rm(draft, { force: true });
  }
}
