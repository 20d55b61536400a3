/** Reads what a WAV says of itself, from the first bytes of the file: RIFF, or RF64 with a ds64 (EBU Tech 3306). Pure. */
import { BEXT_FIXED_BYTES, BEXT_LOUDNESS_AT } from "./bext-loudness.ts";

export type WavStatement = {
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** Offset of the first sample in the file, in bytes. */
  readonly dataAt: number;
  readonly dataBytes: number;
  /** Samples per channel. */
  readonly samples: number;
  /** Offset of the loudness fields in the file; undefined where there is no bext of version 2. */
  readonly loudnessAt: number | undefined;
};

const UINT32_MAX = 0xffff_ffff;
const BEXT_VERSION_AT = 346;

/** `head`: the beginning of the file, at least to the start of its samples. Throws with a sentence on what it is not. */
export function readWavHead(head: Buffer): WavStatement {
  const form = head.toString("latin1", 0, 4);
  if (head.length < 12 || (form !== "RIFF" && form !== "RF64") || head.toString("latin1", 8, 12) !== "WAVE")
    throw new Error("It does not begin like a WAV.");
  let format: { channels: number; sampleRate: number; bits: number } | undefined;
  let longDataBytes: number | undefined;
  let loudnessAt: number | undefined;
  for (let at = 12; at + 8 <= head.length;) {
    const id = head.toString("latin1", at, at + 4);
    const size = head.readUInt32LE(at + 4);
    const body = at + 8;
    if (id === "data") {
      if (format === undefined) throw new Error("Its samples come before their format.");
      const dataBytes = form === "RF64" && size === UINT32_MAX ? longDataBytes : size;
      if (dataBytes === undefined) throw new Error("Its length is missing.");
      const blockAlign = (format.channels * format.bits) / 8;
      return { ...format, dataAt: body, dataBytes, samples: Math.floor(dataBytes / blockAlign), loudnessAt };
    }
    if (body + size > head.length) break;
    if (id === "ds64" && size >= 28) longDataBytes = Number(head.readBigUInt64LE(body + 8));
    if (id === "bext" && size >= BEXT_FIXED_BYTES && head.readUInt16LE(body + BEXT_VERSION_AT) >= 2)
      loudnessAt = body + BEXT_LOUDNESS_AT;
    if (id === "fmt " && size >= 16)
      format = {
        channels: head.readUInt16LE(body + 2),
        sampleRate: head.readUInt32LE(body + 4),
        bits: head.readUInt16LE(body + 14),
      };
    at = body + size + (size % 2);
  }
  throw new Error("It has no samples where they should begin.");
}
