/** What everybody says in every run: the same packets in the same order. */
import { loadSpeech } from "../../simulator/people/speech.ts";
import type { Speech } from "../../simulator/people/speech.ts";

const CLIPS = ["anna", "ben", "chloe", "dan"] as const;
export const FRAMES_PER_SECOND = 50;
/** People's frames are spread over the 20 ms as those of real clients are, as finely as timers are: no bursts that no call has. */
export const PHASES = 20;

/** The bundled clips one after the other, begun at another place for each speaker, without a pause. */
export async function speechOf(speaker: number, seconds: number): Promise<Speech> {
  const all: Buffer[] = [];
  for (const name of CLIPS) all.push(...(await loadSpeech(name)).packets);
  const from = speaker * 37;
  const packets: Buffer[] = [];
  for (let frame = 0; frame < Math.round(seconds * FRAMES_PER_SECOND); frame++) {
    const packet = all[(from + frame) % all.length];
    if (packet !== undefined) packets.push(packet);
  }
  return { packets };
}
