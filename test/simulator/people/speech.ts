import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { opusCoder } from "../../support/opus-coder.ts";

/** Something to say: Opus packets of 20 ms each. */
export type Speech = { readonly packets: readonly Buffer[] };

const SAMPLE_RATE = 48_000;
const FRAME_SAMPLES = 960;
const clips = new Map<string, Promise<Speech>>();

/** A bundled clip by its name ("anna", "ben", "chloe", "dan"), read once per process. Rejects when there is none. */
export function loadSpeech(name: string): Promise<Speech> {
  let clip = clips.get(name);
  if (clip === undefined) {
    clip = readFile(join(import.meta.dirname, "clips", `${name}.ogg`)).then((bytes) => ({
      packets: oggPackets(bytes).slice(2), // without OpusHead and OpusTags
    }));
    clips.set(name, clip);
  }
  return clip;
}

/** A sine at half of full scale, encoded as mono Opus; about 1 ms of work per 20 frames. */
export function toneSpeech(hz: number, seconds: number): Speech {
  using encoder = opusCoder(1);
  encoder.setBitrate(64_000);
  const packets: Buffer[] = [];
  const pcm = Buffer.alloc(FRAME_SAMPLES * 2);
  for (let frame = 0; frame < Math.round(seconds * 50); frame++) {
    for (let index = 0; index < FRAME_SAMPLES; index++) {
      const time = (frame * FRAME_SAMPLES + index) / SAMPLE_RATE;
      pcm.writeInt16LE(Math.round(16_000 * Math.sin(2 * Math.PI * hz * time)), index * 2);
    }
    packets.push(Buffer.from(encoder.encode(pcm)));
  }
  return { packets };
}

/** A tone of whole hertz that lasts for as long as somebody may be listened to: of its first two seconds, the second again and again. */
export function longToneSpeech(hz: number): Speech {
  const { packets } = toneSpeech(hz, 2);
  const second = packets.slice(50);
  return { packets: [...packets, ...Array.from({ length: 120 }, () => second).flat()] };
}

/** The packets of an Ogg file with one stream (RFC 3533 §6): segments of 255 bytes go on, also across pages. */
export function oggPackets(bytes: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let page = 0; page < bytes.length;) {
    if (bytes.toString("latin1", page, page + 4) !== "OggS") throw new Error(`No Ogg page at byte ${page}.`);
    const segments = bytes.readUInt8(page + 26);
    let at = page + 27 + segments;
    for (let segment = 0; segment < segments; segment++) {
      const size = bytes.readUInt8(page + 27 + segment);
      parts.push(bytes.subarray(at, at + size));
      at += size;
      if (size === 255) continue;
      packets.push(Buffer.concat(parts));
      parts = [];
    }
    page = at;
  }
  return packets;
}
