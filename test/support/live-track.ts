/** What is in a track's file while its recording runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DATA_START } from "../../src/audio/wav-header.ts";
import { trackFileName } from "../../src/recordings/track-file-name.ts";
import type { Person } from "../simulator/person.ts";
import type { Call } from "./call.ts";
import { toneWindows } from "./tones.ts";
import { eventually } from "./wait.ts";

const WINDOWS_PER_SECOND = 50;

/**
 * Waits until so many seconds of a person's tone, a multiple of 50 Hz, are in the file, however long the way there takes; mono.
 * How many there are.
 */
export function untilWritten(call: Call, person: Person, hz: number, seconds: number): Promise<number> {
  return eventually(`${seconds} s of ${person.name} are in the file`, () => {
    const inFile = toneSecondsIn(liveSamples(call, person), hz);
    return inFile >= seconds && inFile;
  });
}

/** How long a tone sounds. */
export function toneSecondsIn(samples: Float64Array, hz: number): number {
  return toneWindows(samples, hz).tone / WINDOWS_PER_SECOND;
}

/** Without its header, which may change as we look. Empty before the file has its person's name. */
function liveSamples(call: Call, person: Person): Float64Array {
  const track = call.manifest.tracks.find(({ userId }) => userId === person.id);
  if (track === undefined) return new Float64Array();
  const path = join(call.folder, "tracks", trackFileName(track.track, person.name));
  if (!existsSync(path)) return new Float64Array();
  const bytes = readFileSync(path).subarray(DATA_START);
  return Float64Array.from(
    { length: bytes.length >> 1 },
    (_, index) => bytes.readInt16LE(index * 2) / 32_768,
  );
}
