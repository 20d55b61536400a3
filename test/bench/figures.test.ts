import assert from "node:assert/strict";
import { test } from "node:test";
import { oggPackets } from "../simulator/people/speech.ts";
import { latenessOf } from "./harness/lateness.ts";
import { quantile, ratiosOf, slopeOf, spreadOf } from "./harness/statistics.ts";
import { dropsIn } from "./harness/socket-drops.ts";
import type { SubjectName } from "./harness/subject.ts";
import { capacityTargets, lossless } from "./measures/capacity.ts";
import type { CapacityStep } from "./measures/capacity.ts";
import { limitOf } from "./measures/capacity-limit.ts";
import { stallTargets } from "./measures/loss.ts";
import { memoryTargets } from "./measures/memory.ts";
import { overflowIsExact } from "./measures/overflow.ts";
import { oggPage } from "./peers/ogg-page.ts";
import { barChart } from "./report/bar-chart.ts";
import { markdown } from "./report/table.ts";
import { atLeast, atMost, targetsTable } from "./report/target.ts";

test("the middle run, its spread and a growth are what they are by hand", () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assert.equal(quantile([5, 1, 4, 2, 3], 0.99), 5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
  assert.deepEqual(ratiosOf([6, 9], [2, 3]), [3, 3]);
  assert.equal(slopeOf([1, 2, 4, 8].map((at) => ({ at, value: 7 + 3 * at }))), 3);
});

test("a sender's lateness is told from its own timestamps, pauses and wraps included", () => {
  const origin = 2 ** 32 - 960;
  const sent = [0, 1, 2, 100].map((frame, sequence) => ({
    sequence,
    timestamp: (origin + frame * 960) >>> 0,
    sentAtMs: 5_000 + frame * 20 + (frame === 2 ? 7 : 0),
  }));
  assert.deepEqual(latenessOf([sent]), { p50Ms: 0, p99Ms: 7, maxMs: 7 });
});

test("drops are told of one process's sockets, from the kernel's own table", () => {
  const table = [
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            ",
    "  341: 0100007F:B8E2 0100007F:A1F0 01 00000000:00021400 00:00000000 00000000  1000        0 70001 2 00000000c0ffee00 1646      ",
    "  342: 0100007F:B8E3 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 70002 2 00000000c0ffee01 9         ",
    "",
  ].join("\n");
  assert.equal(dropsIn(table, new Set(["70001"])), 1_646);
  assert.equal(dropsIn(table, new Set(["70001", "70002"])), 1_655);
  assert.equal(dropsIn(table, new Set()), 0);
});

test("what limits a program is told from who was busy and who dropped", () => {
  const idle = {
    lostPackets: 100,
    kernelDrops: 100,
    cores: 0.5,
    listening: 0.3,
    listeningWaited: 0.1,
    senderP99Ms: 1,
    senderCores: 0.3,
  };
  assert.equal(limitOf({ ...idle, lostPackets: 0, kernelDrops: 0 }, 2), "none");
  assert.equal(limitOf({ ...idle, kernelDrops: 10 }, 2), "program");
  assert.equal(
    limitOf({ ...idle, listening: 0.9, cores: 1.2, senderCores: 0.6, senderP99Ms: 70 }, 2),
    "listening thread",
  );
  assert.equal(
    limitOf({ ...idle, cores: 1.2, listening: 0.7, senderCores: 0.6, senderP99Ms: 70 }, 2),
    "machine",
  );
  assert.equal(limitOf({ ...idle, listeningWaited: 0.6 }, 2), "machine");
  assert.equal(limitOf({ ...idle, senderP99Ms: 70 }, 2), "load");
  assert.equal(limitOf(idle, 2), "socket buffer");
});

test("a target is kept at its bound, and missed by what was not measured", () => {
  assert.deepEqual(atMost("a", 1.4, 1.4), { metric: "a", measured: "1.40", asked: "≤ 1.4", kept: true });
  assert.equal(atMost("a", 1.41, 1.4).kept, false);
  assert.equal(atLeast("b", 5, 5).kept, true);
  assert.equal(atLeast("b", 4.9, 5).kept, false);
  assert.equal(atMost("c", Number.NaN, 1).kept, false);
  assert.equal(atLeast("c", Number.NaN, 1).kept, false);
  assert.match(targetsTable([atMost("a", 1, 2), atLeast("b", 1, 2)]).title, /1 of 2 kept/);
});

test("targets are ratios of this recorder to the others of the same run", () => {
  const talking = { cores: 1, listening: 0.5, listeningWaited: 0 };
  const load = {
    senderP99Ms: 1,
    senderCores: 0.3,
    kernelDrops: 0,
    receiveBufferBytes: 1,
    limit: "none",
  } as const;
  const step = (subject: SubjectName, speakers: number, lostPackets: number): CapacityStep => ({
    ...talking,
    ...load,
    subject,
    speakers,
    lostPackets,
    sentPackets: 100,
  });
  const steps = [step("ours", 100, 0), step("ours", 200, 0), step("sync", 100, 0), step("sync", 200, 7)];
  assert.equal(lossless(steps, "sync"), 100);
  assert.equal(lossless(steps, "opus"), 0);
  assert.deepEqual(
    capacityTargets({ dave: false, seconds: 1, steps }).map(({ measured }) => measured),
    ["2.0"],
  );

  const held = (subject: SubjectName, lastResidentBytes: number) => ({
    subject,
    lastResidentBytes,
    peakResidentBytes: 0,
    growthBytesPerMinute: 0,
    stopSeconds: 0,
  });
  const memory = { speakers: 1, seconds: 60, rows: [held("ours", 200e6), held("memory", 1_400e6)] };
  assert.deepEqual(
    memoryTargets(memory).map(({ measured, kept }) => [measured, kept]),
    [["7.0", true]],
  );

  const stalled = (subject: SubjectName, lostPackets: number, loopMaxMs: number) => ({
    subject,
    lostPackets,
    loopMaxMs,
    sentPackets: 100,
    lostSeconds: 0,
    heldTimes: 1,
    longestHeldMs: 5_000,
    peakResidentBytes: 0,
  });
  const rows = [stalled("ours", 0, 20), stalled("sync", 50, 900)];
  assert.deepEqual(
    stallTargets({ speakers: 1, fault: "stall", seconds: 5, rows }).map(({ measured, kept }) => [
      measured,
      kept,
    ]),
    [
      ["0", true],
      ["45", false],
    ],
  );
});

test("a full queue is exact only where it was full, the books agree, and every other sample is right", () => {
  const exact = {
    speakers: 1,
    slots: 2,
    heldMs: 900,
    frames: 10,
    refusedFrames: 3,
    countedFrames: 3,
    bookedPackets: 3,
    refusedSamples: 2_880,
    bookedSamples: 2_880,
    wrongSamples: 0,
    comparedSamples: 6_720,
  };
  assert.ok(overflowIsExact(exact));
  for (const fault of [
    { heldMs: 0 },
    { refusedFrames: 0, countedFrames: 0, bookedPackets: 0 },
    { countedFrames: 2 },
    { bookedPackets: 4 },
    { bookedSamples: 960 },
    { wrongSamples: 1 },
  ])
    assert.equal(overflowIsExact({ ...exact, ...fault }), false, JSON.stringify(fault));
});

test("packets of any length come out of an Ogg page as they went in", () => {
  const packets = [0, 1, 254, 255, 256, 510, 1_000].map((length) => Buffer.alloc(length, length & 0xff));
  const file = Buffer.concat(
    packets.map((packet, number) => oggPage(7, number, 960n * BigInt(number), packet)),
  );
  assert.deepEqual(oggPackets(file), packets);
});

test("an Ogg page has the checksum that RFC 3533 asks for", () => {
  const page = oggPage(1, 0, 0n, Buffer.from([0xf8, 0xff, 0xfe]));
  const checksum = page.readUInt32LE(22);
  page.writeUInt32LE(0, 22);
  // Bit by bit, as the standard's polynomial is written.
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  assert.equal(checksum, crc >>> 0);
});

test("the longest bar fills its space, others are in proportion, and names are safe in XML", () => {
  const bars = [
    { label: "a <b> & c", value: 10, ours: true },
    { label: "half", value: 5, range: [4, 6] as const, ours: false },
  ];
  const svg = barChart([{ title: "t", bars }], "note");
  const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, , width]) =>
    Number(width),
  );
  assert.equal(widths.length, 2);
  assert.equal(widths[0], 2 * (widths[1] ?? 0));
  assert.match(svg, /a &lt;b> &amp; c/);
  assert.equal(svg.match(/class="whisker"/g)?.length, 1);
});

test("a table's columns line up", () => {
  const lines = markdown({
    title: "t",
    columns: ["", "long name"],
    rows: [
      ["x", "1"],
      ["yyyyyyy", "22"],
    ],
  }).split("\n");
  const widths = new Set(lines.slice(2).map(({ length }) => length));
  assert.equal(widths.size, 1);
});
