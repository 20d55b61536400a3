import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { SeededRandom } from "../capture/seeded-random.ts";
import { findChirps, VOICES } from "./chirps.ts";
import { quantile } from "./position-error.ts";
import { utterances } from "./utterances.ts";

/**
 * By how much Opus alone delays a sound, in samples: chirps through encoder and decoder with nothing between them.
 * `spread` is the largest difference between any two, the precision with which anything is found here.
 */
export function codecDelay(): { readonly samples: number; readonly spread: number } {
  const delays: number[] = [];
  for (let voice = 0; voice < VOICES; voice++) {
    const said = utterances(voice, 60, "music", new SeededRandom(voice));
    const track = new Int16Array(said.packets.length * FRAME_SAMPLES);
    const decoder = loadOpusCodec().create(1);
    for (const [frame, packet] of said.packets.entries()) {
      const pcm = packet === undefined ? undefined : decoder.decode(packet);
      if (pcm === undefined) throw new Error("A packet that was encoded here does not decode.");
      for (let at = 0; at < FRAME_SAMPLES; at++) track[frame * FRAME_SAMPLES + at] = pcm.readInt16LE(2 * at);
    }
    decoder.close();
    const found = findChirps(track, voice);
    if (found.length !== said.chirps.length)
      throw new Error(`${found.length} of ${said.chirps.length} chirps were found in a clean stream.`);
    for (const [index, position] of found.entries()) delays.push(position - (said.chirps[index] ?? 0));
  }
  return { samples: quantile(delays, 0.5), spread: quantile(delays, 1) - Math.min(...delays) };
}
