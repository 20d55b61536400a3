import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { DATA_START } from "../../src/audio/wav-header.ts";
import { readWavHead } from "../../src/audio/wav-reader.ts";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import {
  missing,
  decodeWithSox,
  readWithFfprobe,
  readWithSox,
  readWithWavefile,
} from "../support/wav-readers.ts";
import { eventually, manifestOf, pcmOf, sampleAt, WriterSetup } from "./recording-setup.ts";

const timeout = 60_000;

/**
 * Copies a file that grows meanwhile: its header first, then what that claims. It never claims more than there is, so what is
 * read later is enough; the other order would join an old end to a new header. How many bytes of samples it claims.
 */
function copyGrowing(file: string, copy: string): number {
  const fd = fs.openSync(file, "r");
  const header = Buffer.alloc(DATA_START);
  fs.readSync(fd, header, 0, DATA_START, 0);
  const rest = Buffer.alloc(readWavHead(header).dataBytes);
  assert.equal(fs.readSync(fd, rest, 0, rest.length, DATA_START), rest.length);
  fs.closeSync(fd);
  fs.writeFileSync(copy, Buffer.concat([header, rest]));
  return rest.length;
}

for (const channels of [1, 2] as const) {
  test(
    `three independent readers agree on every track, in ${channels} channels, bit for bit`,
    { timeout, skip: missing("ffprobe", "sox") },
    async () => {
      await using setup = await WriterSetup.start();
      await setup.open(1, channels);
      // Track 1 speaks from the start; track 2 is first heard at 3 s, for an odd number of samples; 3 at 7.3 s.
      for (let at = 0; at < 2 * SAMPLE_RATE; at += FRAME_SAMPLES) setup.offer(1, 1, channels, at);
      setup.offer(1, 2, channels, 3 * SAMPLE_RATE, 481);
      setup.offer(1, 3, channels, 350_400);
      setup.writer.nameTrack(1, 1, "Zoë");
      setup.writer.nameTrack(1, 2, "山田太郎");
      const lengthSamples = 10 * SAMPLE_RATE + 123;
      const tracks = await setup.writer.close(1, { lengthSamples, fence: setup.producer.tail });

      assert.deepEqual(
        tracks.map(({ track, userId, file, samples, writtenSamples }) => ({
          track,
          userId,
          file,
          samples,
          writtenSamples,
        })),
        [
          { track: 1, userId: "1001", file: "01-Zoë.wav", samples: lengthSamples, writtenSamples: 96_000 },
          { track: 2, userId: "1002", file: "02-山田太郎.wav", samples: lengthSamples, writtenSamples: 481 },
          { track: 3, userId: "1003", file: "03-1003.wav", samples: lengthSamples, writtenSamples: 960 },
        ],
      );
      const spoken = [
        [0, 96_000],
        [144_000, 144_481],
        [350_400, 351_360],
      ] as const;
      for (const { track, file, sizeBytes, peak } of tracks) {
        const whole = path.join(setup.folder(1), "tracks", file);
        assert.equal(fs.statSync(whole).size, sizeBytes);
        const shape = { samples: lengthSamples, channels, sampleRate: SAMPLE_RATE };
        const { tags, ...ffprobe } = readWithFfprobe(whole);
        assert.deepEqual(ffprobe, shape);
        assert.deepEqual(readWithSox(whole), shape);
        const { interleaved, ...read } = readWithWavefile(whole);
        assert.deepEqual(read, shape);
        assert.deepEqual(decodeWithSox(whole), interleaved);

        const [from, to] = spoken[track - 1]!;
        const expected = new Int16Array(lengthSamples * channels);
        expected.set(new Int16Array(pcmOf(track, channels, from, to - from).buffer), from * channels);
        assert.deepEqual(interleaved, expected);
        assert.equal(
          peak,
          expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
        );

        assert.equal(tags["title"], "Élan & “friends” <1>");
        assert.equal(tags["artist"], ["Zoë", "山田太郎", "1003"][track - 1]);
        assert.equal(tags["date"], "2026-01-02");
        assert.equal(tags["creation_time"], "03:04:05");
        assert.equal(tags["time_reference"], String((((3 * 60 + 4) * 60 + 5) * 1000 + 678) * 48));
      }
      await setup.writer.release(1);
      assert.deepEqual(setup.events, []);
    },
  );
}

test(
  "silence costs no disk: it is a hole in the file",
  { timeout, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 2);
    const hour = 3600 * SAMPLE_RATE;
    setup.offer(1, 1, 2, 0);
    setup.offer(1, 1, 2, hour - FRAME_SAMPLES);
    const [track] = await setup.writer.close(1, { lengthSamples: hour, fence: setup.producer.tail });
    const file = path.join(setup.folder(1), "tracks", track!.file);
    const { blocks, size } = fs.statSync(file);
    assert.ok(size > 691_000_000, "an hour of stereo is 691 MB long");
    assert.ok(blocks * 512 < 100_000, `it takes ${blocks * 512} bytes of disk`);
    assert.equal(readWithFfprobe(file).samples, hour);
  },
);

test(
  "frames that come late, overlap or lie beyond the end are put where they belong",
  { timeout },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 1);
    for (const frame of [5, 3, 0, 1, 4, 4, 9, 8]) setup.offer(1, 1, 1, frame * FRAME_SAMPLES);
    setup.offer(1, 1, 1, 9 * FRAME_SAMPLES + 480);
    const lengthSamples = 9 * FRAME_SAMPLES + 500;
    const [track] = await setup.writer.close(1, { lengthSamples, fence: setup.producer.tail });
    const { interleaved } = readWithWavefile(path.join(setup.folder(1), "tracks", track!.file));
    assert.equal(interleaved.length, lengthSamples);
    const spoken = new Set([0, 1, 3, 4, 5, 8, 9]);
    interleaved.forEach((value, at) =>
      assert.equal(
        value,
        spoken.has(Math.floor(at / FRAME_SAMPLES)) ? sampleAt(1, at, 0) : 0,
        `sample ${at}`,
      ),
    );
    assert.equal(track!.writtenSamples, 6 * FRAME_SAMPLES + 500);
  },
);

test(
  "a track is a valid WAV at every instant while it grows",
  { timeout, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 1);
    const file = path.join(setup.folder(1), "tracks", "01-1001.wav");
    const copy = path.join(setup.directory, "copy.wav");
    let offered = 0;
    for (let round = 0; round < 12; round++) {
      // One second at a time, so that several 5 s steps are crossed.
      for (let frame = 0; frame < 50; frame++, offered += FRAME_SAMPLES) setup.offer(1, 1, 1, offered);
      if (round === 3) setup.writer.nameTrack(1, 1, "1001");
      // It grows before its header says so: at first that is of no samples, which ffprobe gives no length.
      await eventually(
        () => fs.existsSync(file) && fs.statSync(file).size > DATA_START && copyGrowing(file, copy) > 0,
      );
      const { interleaved, samples } = readWithWavefile(copy);
      assert.equal(readWithFfprobe(copy).samples, samples);
      assert.equal(readWithSox(copy).samples, samples);
      assert.equal(samples % (5 * SAMPLE_RATE), 0, "it ends at a step");
      // What was written while it was copied may be missing before what was written after.
      interleaved.forEach((value, at) =>
        assert.ok(value === 0 || value === sampleAt(1, at, 0), `sample ${at}`),
      );
    }
    const [track] = await setup.writer.close(1, { lengthSamples: offered, fence: setup.producer.tail });
    assert.equal(track?.writtenSamples, offered);
  },
);

test("a main thread that does nothing for seconds stops no writing", { timeout }, async () => {
  await using setup = await WriterSetup.start();
  await setup.open(1, 1);
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  for (let frame = 0; frame < 20; frame++) {
    setup.offer(1, 1, 1, frame * FRAME_SAMPLES);
    setup.offer(1, 2, 1, frame * FRAME_SAMPLES);
  }
  Atomics.wait(sleep, 0, 0, 2_000);
  assert.equal(setup.producer.queuedFrames, 0);
  for (const track of [1, 2]) {
    const file = path.join(setup.folder(1), "tracks", `0${track}-100${track}.wav`);
    assert.equal(
      readWithWavefile(file).interleaved[20 * FRAME_SAMPLES - 1],
      sampleAt(track, 20 * FRAME_SAMPLES - 1, 0),
    );
  }
});

test(
  "two recordings at once stay apart, and frames for none are discarded",
  { timeout, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(7, 1);
    await setup.open(8, 2);
    for (let at = 0; at < SAMPLE_RATE; at += FRAME_SAMPLES) {
      setup.offer(7, 1, 1, at);
      setup.offer(8, 1, 2, at);
      setup.offer(9, 1, 1, at);
    }
    const [mono] = await setup.writer.close(7, { lengthSamples: SAMPLE_RATE, fence: setup.producer.tail });
    setup.offer(7, 1, 1, 0);
    const [stereo] = await setup.writer.close(8, { lengthSamples: SAMPLE_RATE, fence: setup.producer.tail });
    assert.equal(mono!.writtenSamples, SAMPLE_RATE);
    assert.equal(stereo!.writtenSamples, SAMPLE_RATE);
    assert.equal(fs.existsSync(setup.folder(9)), false);
    assert.equal(readWithSox(path.join(setup.folder(8), "tracks", stereo!.file)).channels, 2);
  },
);

test(
  "a track named before its first frame, and one without any, get file and name",
  { timeout, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 1);
    setup.writer.nameTrack(1, 1, "Early / Bird");
    setup.writer.nameTrack(1, 2, "🙂");
    await setup.writer.writeManifest(1, manifestOf("id-1", 1, [{ track: 2, userId: "1002", name: "🙂" }]));
    setup.offer(1, 1, 1, 0);
    const tracks = await setup.writer.close(1, { lengthSamples: 4_800, fence: setup.producer.tail });
    assert.deepEqual(
      tracks.map(({ userId, file, writtenSamples, peak }) => [userId, file, writtenSamples, peak > 0]),
      [
        ["1001", "01-Early_Bird.wav", 960, true],
        ["1002", "02-user.wav", 0, false],
      ],
    );
    assert.equal(readWithSox(path.join(setup.folder(1), "tracks", "02-user.wav")).samples, 4_800);
  },
);

test("the manifest is whole at every instant, and events are one line each", { timeout }, async () => {
  await using setup = await WriterSetup.start();
  await setup.open(1, 1);
  const file = path.join(setup.folder(1), "recording.json");
  const writes = Array.from({ length: 20 }, (_, index) =>
    setup.writer.writeManifest(1, { ...manifestOf("id-1", 1), title: "x".repeat(index * 1000) }),
  );
  for (let look = 0; look < 50; look++) {
    manifestSchema.parse(JSON.parse(fs.readFileSync(file, "utf8")));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(writes);
  for (let line = 0; line < 3; line++)
    setup.writer.recordEvent(1, { atMs: line, kind: "joined", text: "é\n" });
  await setup.writer.close(1, { lengthSamples: 0, fence: setup.producer.tail });
  setup.writer.recordEvent(1, { atMs: 3, kind: "stopped" });
  await setup.writer.writeManifest(1, { ...manifestOf("id-1", 1), state: "finished" });
  await setup.writer.release(1);
  const lines = fs
    .readFileSync(path.join(setup.folder(1), "events.ndjson"), "utf8")
    .trimEnd()
    .split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).atMs),
    [0, 1, 2, 3],
  );
  assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).state, "finished");
  assert.deepEqual(fs.readdirSync(setup.folder(1)).toSorted(), ["events.ndjson", "recording.json", "tracks"]);
});

test(
  "a recording that ends before its first sample has empty tracks",
  { timeout, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 1);
    setup.offer(1, 1, 1, 0);
    const [track] = await setup.writer.close(1, { lengthSamples: 0, fence: setup.producer.tail });
    const file = path.join(setup.folder(1), "tracks", track!.file);
    assert.equal(readWithFfprobe(file).samples ?? 0, 0);
    assert.equal(readWithSox(file).samples, 0);
  },
);

test("a second close gets the first one's tracks; unknown handles are refused", { timeout }, async () => {
  await using setup = await WriterSetup.start();
  await setup.open(1, 1);
  setup.offer(1, 1, 1, 0);
  const end = { lengthSamples: 960, fence: setup.producer.tail };
  const [first, second] = await Promise.all([setup.writer.close(1, end), setup.writer.close(1, end)]);
  assert.deepEqual(second, first);
  await assert.rejects(setup.open(1, 1), { code: "E-WRITER" });
  await setup.writer.release(1);
  await assert.rejects(setup.writer.release(1), { code: "E-WRITER" });
  await assert.rejects(setup.writer.close(5, end), { code: "E-WRITER" });
});
