import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiLine, riffChunk, utf8Line, xmlText } from "../../src/audio/riff-chunk.ts";
import { DATA_START, wavHeader, wavTail } from "../../src/audio/wav-header.ts";
import type { WavTags } from "../../src/audio/wav-tags.ts";

const tags: WavTags = {
  name: "Zoë",
  title: "Weekly",
  place: "Guild / general",
  recordingId: "abcdefghijklmnopqrstuv",
  track: 3,
  startedAtMs: Date.UTC(2026, 11, 31, 23, 59, 59, 999),
};

/** The chunks of a header: id, offset of the body, size. Stops at `data`. */
function chunksOf(header: Buffer): { id: string; at: number; size: number }[] {
  const chunks: { id: string; at: number; size: number }[] = [];
  let at = 12;
  while (at < header.length) {
    const size = header.readUInt32LE(at + 4);
    const id = header.toString("latin1", at, at + 4);
    chunks.push({ id, at: at + 8, size });
    if (id === "data") break;
    at += 8 + size + (size % 2);
  }
  return chunks;
}

test("the header is one page and leads, chunk by chunk, to samples at byte 4,096", () => {
  const header = wavHeader({ channels: 2, dataBytes: 400, tailBytes: 30 }, tags);
  assert.equal(header.length, DATA_START);
  assert.equal(header.toString("latin1", 0, 4), "RIFF");
  assert.equal(header.readUInt32LE(4), DATA_START + 400 + 30 - 8);
  const chunks = chunksOf(header);
  assert.deepEqual(
    chunks.map(({ id }) => id),
    ["JUNK", "bext", "fmt ", "LIST", "JUNK", "data"],
  );
  assert.deepEqual(chunks.at(-1), { id: "data", at: DATA_START, size: 400 });
  assert.equal(chunks[0]!.size, 28);
});

test("names of any length and script leave the layout as it is", () => {
  for (const name of [
    "",
    "x".repeat(5_000),
    "山".repeat(300),
    "a\u0000b\nc",
    "\ud800",
    "😀".repeat(63) + "é".repeat(9),
  ]) {
    const header = wavHeader(
      { channels: 1, dataBytes: 0, tailBytes: 0 },
      { ...tags, name, title: name, place: name },
    );
    assert.equal(chunksOf(header).at(-1)?.at, DATA_START);
  }
});

test("the broadcast extension places the first sample in the day, to the sample", () => {
  const header = wavHeader({ channels: 1, dataBytes: 0, tailBytes: 0 }, tags);
  const bext = chunksOf(header)[1]!;
  const text = (from: number, to: number): string =>
    header.toString("latin1", bext.at + from, bext.at + to).replaceAll("\0", "");
  assert.equal(text(0, 256), "Zoe: Weekly");
  assert.equal(text(256, 288), "voice-recorder");
  // The id opens the recording's page: a WAV that is handed on must not carry it.
  assert.match(text(288, 320), /^[0-9a-f]{22}-3$/);
  assert.ok(!header.includes("abcdefghijklmnopqrstuv"));
  assert.equal(text(320, 338), "2026-12-3123:59:59");
  assert.equal(header.readBigUInt64LE(bext.at + 338), BigInt(86_399_999 * 48));
  assert.equal(header.readUInt16LE(bext.at + 346), 2);
  assert.equal(header.readUInt16LE(bext.at + 412), 0x7fff, "loudness is not set");
  assert.equal(text(602, bext.size), "A=PCM,F=48000,W=16,M=mono,T=Opus;voice-recorder\r\n");
});

test("past 4 GiB the same place says RF64, and not one byte sooner", () => {
  const largest = 0xffff_ffff - (DATA_START - 8) - 3;
  const riff = wavHeader({ channels: 2, dataBytes: largest, tailBytes: 0 }, tags);
  assert.equal(riff.toString("latin1", 0, 4), "RIFF");
  assert.equal(riff.readUInt32LE(DATA_START - 4), largest);
  const dataBytes = largest + 4;
  const rf64 = wavHeader({ channels: 2, dataBytes, tailBytes: 0 }, tags);
  assert.equal(rf64.toString("latin1", 0, 4), "RF64");
  assert.equal(rf64.readUInt32LE(4), 0xffff_ffff);
  assert.equal(rf64.readUInt32LE(DATA_START - 4), 0xffff_ffff);
  const [ds64] = chunksOf(rf64);
  assert.deepEqual(ds64, { id: "ds64", at: 20, size: 28 });
  assert.equal(rf64.readBigUInt64LE(20), BigInt(DATA_START + dataBytes - 8));
  assert.equal(rf64.readBigUInt64LE(28), BigInt(dataBytes));
  assert.equal(rf64.readBigUInt64LE(36), BigInt(dataBytes / 4));
  assert.deepEqual(rf64.subarray(48, DATA_START - 4), riff.subarray(48, DATA_START - 4));
});

test("a text too long is cut between characters, never inside one", () => {
  for (let maxBytes = 0; maxBytes < 20; maxBytes++) {
    const cut = utf8Line("aé山😀aé山😀", maxBytes);
    assert.ok(cut.length <= maxBytes && cut.length > maxBytes - 4);
    assert.ok("aé山😀aé山😀".startsWith(cut.toString("utf8")));
  }
  assert.equal(asciiLine("Ünï山😀\u0007!", 99).toString("latin1"), "Uni?? !");
});

test("a chunk with an odd body gets a pad byte that its size does not count", () => {
  const chunk = riffChunk("abcd", new Uint8Array([1, 2, 3]));
  assert.deepEqual([...chunk], [97, 98, 99, 100, 3, 0, 0, 0, 1, 2, 3, 0]);
});

test("the tail tells name and title in Unicode, as well-formed XML, per channel", () => {
  const tail = wavTail({ ...tags, name: "Zoë <山> & \u0001", title: "a]]>b" }, 2);
  assert.equal(tail.length % 2, 0);
  const xml = tail.toString("utf8", 8, 8 + tail.readUInt32LE(4));
  assert.equal(xml.match(/<NAME>Zoë &lt;山&gt; &amp;<\/NAME>/gu)?.length, 2);
  assert.ok(xml.includes("<PROJECT>a]]&gt;b</PROJECT>"));
  assert.equal(xmlText("\ud800"), "\ufffd");
});
