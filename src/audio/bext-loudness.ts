/** The loudness fields of the broadcast extension, version 2 (EBU Tech 3285 §2.3), and where they are in a header. */

/** Inside the body of a bext chunk: LoudnessValue, LoudnessRange, MaxTruePeakLevel, MaxMomentary-, MaxShortTermLoudness. */
export const BEXT_LOUDNESS_AT = 412;

const FIELDS = 5;
/** "Not set". */
const UNSET = 0x7fff;
/** The body's length before the coding history. */
export const BEXT_FIXED_BYTES = 602;

export type TrackLoudness = {
  readonly integratedLufs: number;
  readonly rangeLu: number;
  readonly truePeakDbtp: number;
};

/** The ten bytes of the fields; what is not known stays "not set". Momentary and short-term maxima are never known. */
export function bextLoudness(loudness: TrackLoudness | undefined): Buffer {
  const bytes = Buffer.alloc(2 * FIELDS);
  const values = [loudness?.integratedLufs, loudness?.rangeLu, loudness?.truePeakDbtp, undefined, undefined];
  for (const [field, value] of values.entries()) bytes.writeInt16LE(hundredths(value), 2 * field);
  return bytes;
}

/** The standard's form of a level: times 100, rounded, a signed 16-bit number. */
function hundredths(value: number | undefined): number {
  if (value === undefined || !Number.isFinite(value)) return UNSET;
  return Math.max(-0x8000, Math.min(UNSET - 1, Math.round(100 * value)));
}
