import { RecorderError } from "../errors.ts";
import { isOver } from "../recordings/manifest.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { PermanentFailure } from "./job-runner.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * The manifest of a recording that is over; undefined where the recording is gone. Rejects with `E-STILL-RECORDING`
 * while somebody may write to it, which goes for one whose process died until it is recovered, and for good where its
 * manifest makes no sense.
 */
export async function finalManifest(
  { storage }: Pick<Surroundings, "storage">,
  id: string,
): Promise<Manifest | undefined> {
  const manifest = await readable(storage.readManifest(id));
  if (manifest === undefined || isOver(manifest)) return manifest;
  throw new RecorderError(
    "E-STILL-RECORDING",
    "That recording has not ended yet.",
    "Stop it; the work after it is tried again.",
  );
}

/** A manifest that cannot be read now will not be read by trying again. */
export async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RecorderError) throw new PermanentFailure(error);
    throw error;
  }
}
