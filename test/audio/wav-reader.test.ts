import assert from "node:assert/strict";
import { test } from "node:test";
import { bextLoudness } from "../../src/audio/bext-loudness.ts";
import { DATA_START, wavHeader } from "../../src/audio/wav-header.ts";
import { readWavHead } from "../../src/audio/wav-reader.ts";

const tags = {
  name: "Zoë",
  title: "Weekly",
  place: "Guild / General",
  recordingId: "0123456789ABCDEFGHIJKL",
  track: 1,
  startedAtMs: 1_790_000_000_000,
};

test("a header says the same to the reader as it was told", () => {
  const head = wavHeader({ channels: 2, dataBytes: 4_000, tailBytes: 0 }, tags);
  const { loudnessAt, ...facts } = readWavHead(head);
  const expected = {
    channels: 2,
    sampleRate: 48_000,
    bits: 16,
    dataAt: DATA_START,
    dataBytes: 4_000,
    samples: 1_000,
  };
  assert.deepEqual(facts, expected);
  assert.equal(loudnessAt, head.indexOf("bext") + 8 + 412);
});

test("past 4 GiB the length is that of the ds64", () => {
  const dataBytes = 5 * 2 ** 30;
  const head = wavHeader({ channels: 1, dataBytes, tailBytes: 0 }, tags);
  assert.equal(head.toString("latin1", 0, 4), "RF64");
  assert.equal(readWavHead(head).dataBytes, dataBytes);
  assert.equal(readWavHead(head).samples, dataBytes / 2);
});

test("what is no WAV, or ends before its samples, is refused with a sentence", () => {
  const head = wavHeader({ channels: 1, dataBytes: 0, tailBytes: 0 }, tags);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("RIFF"),
    Buffer.alloc(5_000),
    Buffer.from("OggS".repeat(20)),
  ])
    assert.throws(() => readWavHead(bytes), /does not begin like a WAV/);
  for (const length of [12, 20, 100, 1_000, DATA_START - 9])
    assert.throws(() => readWavHead(head.subarray(0, length)), /no samples/);
  const endless = Buffer.from(head);
  endless.writeUInt32LE(0xffff_fff0, 16);
  assert.throws(() => readWavHead(endless), /no samples/);
});

test("every cut and every flipped byte is read or refused, never worse", () => {
  const head = wavHeader({ channels: 1, dataBytes: 100, tailBytes: 0 }, tags);
  for (let at = 0; at < 1_200; at++) {
    const spoilt = Buffer.from(head);
    spoilt.writeUInt8(spoilt.readUInt8(at) ^ 0xff, at);
    for (const bytes of [spoilt, head.subarray(0, at)]) {
      try {
        readWavHead(bytes);
      } catch (error) {
        assert.match(String(error), /^Error: It/);
      }
    }
  }
});

test("loudness is written in hundredths, signed, and what is unknown as not set", () => {
  const fields = (bytes: Buffer) => Array.from({ length: 5 }, (_, field) => bytes.readInt16LE(2 * field));
  const loudness = { integratedLufs: -23.4, rangeLu: 6.75, truePeakDbtp: 0.21 };
  assert.deepEqual(fields(bextLoudness(loudness)), [-2340, 675, 21, 0x7fff, 0x7fff]);
  assert.deepEqual(fields(bextLoudness(undefined)), Array(5).fill(0x7fff));
  assert.deepEqual(fields(bextLoudness({ ...loudness, truePeakDbtp: -Infinity }))[2], 0x7fff);
});
