/** Reads our own tags back out of a header: the inverse of `wav-tags.ts`, for a track whose recording lost its manifest. Pure. */
import { BEXT_FIXED_BYTES } from "./bext-loudness.ts";
import { SAMPLE_RATE } from "./pcm.ts";

/** What a track says of itself. Texts are cut to what a header holds. */
export type TagsRead = {
  readonly name: string;
  readonly title: string;
  readonly place: string;
  /** Compare with `trackReference()`: it tells the recording without naming it. */
  readonly reference: string;
  readonly startedAtMs: number;
};

const RIFF_ID_BYTES = 12;
const REFERENCE_AT = 288;
const DATE_AT = 320;
const TIME_REFERENCE_AT = 338;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** `head`: the file up to its first sample. Undefined where there are no such tags, or not whole. */
export function readWavTags(head: Buffer): TagsRead | undefined {
  const chunks = new Map(chunksOf(head, RIFF_ID_BYTES));
  const bext = chunks.get("bext");
  const list = chunks.get("LIST");
  if (bext === undefined || bext.length < BEXT_FIXED_BYTES || list === undefined) return undefined;
  const startedAtMs = startOf(bext);
  if (startedAtMs === undefined) return undefined;
  const texts = new Map(chunksOf(list, "INFO".length));
  const text = (id: string): string => textOf(texts.get(id) ?? Buffer.alloc(0), "utf8");
  return {
    name: text("IART"),
    title: text("INAM"),
    place: text("ISRC"),
    reference: textOf(bext.subarray(REFERENCE_AT, DATE_AT), "latin1"),
    startedAtMs,
  };
}

/** Midnight of the date and the samples since then: exact, since a millisecond is 48 samples. */
function startOf(bext: Buffer): number | undefined {
  const day = bext.toString("latin1", DATE_AT, DATE_AT + 10);
  if (!DAY.test(day)) return undefined;
  const midnightMs = Date.parse(day);
  if (Number.isNaN(midnightMs)) return undefined;
  return midnightMs + Math.round(Number(bext.readBigUInt64LE(TIME_REFERENCE_AT)) / (SAMPLE_RATE / 1000));
}

function* chunksOf(bytes: Buffer, from: number): Generator<[id: string, body: Buffer]> {
  for (let at = from; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32LE(at + 4);
    if (at + 8 + size > bytes.length) return;
    yield [bytes.toString("latin1", at, at + 4), bytes.subarray(at + 8, at + 8 + size)];
    at += 8 + size + (size % 2);
  }
}

/** Up to the first zero. */
function textOf(bytes: Buffer, encoding: "utf8" | "latin1"): string {
  const end = bytes.indexOf(0);
  return bytes.toString(encoding, 0, end < 0 ? bytes.length : end);
}
