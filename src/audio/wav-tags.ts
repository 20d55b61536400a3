/** What a WAV says about itself beside the samples, as chunks: bext, LIST/INFO and iXML. */
import { createHash } from "node:crypto";
import { BEXT_FIXED_BYTES, BEXT_LOUDNESS_AT, bextLoudness } from "./bext-loudness.ts";
import type { Channels } from "./pcm.ts";
import { SAMPLE_RATE } from "./pcm.ts";
import { asciiLine, riffChunk, utf8Line, xmlText } from "./riff-chunk.ts";

/** The facts that a track's tags are made of. */
export type WavTags = {
  /** The person's name, any Unicode. */
  readonly name: string;
  /** The recording's title. */
  readonly title: string;
  /** Where it was recorded, such as `Guild / channel`. */
  readonly place: string;
  /** The recording's id. */
  readonly recordingId: string;
  readonly track: number;
  /** Wall clock of the first sample, milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
};

const SOFTWARE = "voice-recorder";

const MS_PER_DAY = 86_400_000;
/** Keeps every INFO text short enough that all tags fit the fixed header. */
const INFO_TEXT_BYTES = 256;
/** iXML stands at the end of the file, with room for any name. */
const XML_NAME_BYTES = 1_024;

/**
 * The broadcast extension, version 2 (EBU Tech 3285): editors place tracks by its TimeReference, the samples between
 * midnight and the first sample. Dates and times are UTC, so that two machines agree. ASCII only.
 */
export function bextChunk(tags: WavTags, channels: Channels): Buffer {
  const history = `A=PCM,F=${SAMPLE_RATE},W=16,M=${channels === 2 ? "stereo" : "mono"},T=Opus;${SOFTWARE}\r\n`;
  const body = Buffer.alloc(BEXT_FIXED_BYTES + history.length);
  const started = new Date(tags.startedAtMs).toISOString();
  body.set(asciiLine(`${tags.name}: ${tags.title}`, 256), 0);
  body.set(asciiLine(SOFTWARE, 32), 256);
  body.set(asciiLine(trackReference(tags.recordingId, tags.track), 32), 288);
  body.write(started.slice(0, 10), 320, 10, "latin1");
  body.write(started.slice(11, 19), 330, 8, "latin1");
  const sinceMidnightMs = ((tags.startedAtMs % MS_PER_DAY) + MS_PER_DAY) % MS_PER_DAY;
  body.writeBigUInt64LE(BigInt(Math.round((sinceMidnightMs * SAMPLE_RATE) / 1000)), 338);
  body.writeUInt16LE(2, 346);
  // Known only once the track has been measured.
  body.set(bextLoudness(undefined), BEXT_LOUDNESS_AT);
  body.write(history, BEXT_FIXED_BYTES, "latin1");
  return riffChunk("bext", body);
}

/** Which tracks belong together, without the id itself: that opens the recording's page, and a WAV is handed on. */
export function trackReference(recordingId: string, track: number): string {
  return `${createHash("sha256").update(recordingId).digest("hex").slice(0, 22)}-${track}`;
}

/** LIST/INFO: the tags that players show. UTF-8, zero-terminated; an empty text is left out. */
export function infoChunk(tags: WavTags): Buffer {
  const texts: readonly (readonly [id: string, text: string])[] = [
    ["INAM", tags.title],
    ["IART", tags.name],
    ["ISRC", tags.place],
    ["ICRD", new Date(tags.startedAtMs).toISOString().slice(0, 10)],
    ["IPRT", String(tags.track)],
    ["ISFT", SOFTWARE],
  ];
  const chunks = texts
    .map(([id, text]) => ({ id, line: utf8Line(text, INFO_TEXT_BYTES) }))
    .filter(({ line }) => line.length > 0)
    .map(({ id, line }) => riffChunk(id, Buffer.concat([line, Buffer.alloc(1)])));
  return riffChunk("LIST", Buffer.concat([Buffer.from("INFO"), ...chunks]));
}

/** iXML (iXML specification 1.6): the person's name and the title in full Unicode, one TRACK per channel. */
export function ixmlChunk(tags: WavTags, channels: Channels): Buffer {
  const name = xmlText(utf8Line(tags.name, XML_NAME_BYTES).toString("utf8"));
  const title = xmlText(utf8Line(tags.title, XML_NAME_BYTES).toString("utf8"));
  const tracks = Array.from({ length: channels }, (_, index) => {
    const number = index + 1;
    return (
      `<TRACK><CHANNEL_INDEX>${number}</CHANNEL_INDEX>` +
      `<INTERLEAVE_INDEX>${number}</INTERLEAVE_INDEX><NAME>${name}</NAME></TRACK>`
    );
  });
  const xml =
    `<?xml version="1.0" encoding="UTF-8"?><BWFXML><IXML_VERSION>1.61</IXML_VERSION><PROJECT>${title}</PROJECT>` +
    `<TRACK_LIST><TRACK_COUNT>${channels}</TRACK_COUNT>${tracks.join("")}</TRACK_LIST></BWFXML>`;
  return riffChunk("iXML", Buffer.from(xml, "utf8"));
}
