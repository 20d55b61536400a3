import assert from "node:assert/strict";
import { test } from "node:test";
import { oggPackets } from "../simulator/people/speech.ts";
import { latenessOf } from "./harness/lateness.ts";
import { quantile, slopeOf, spreadOf } from "./harness/statistics.ts";
import { oggPage } from "./peers/ogg-page.ts";
import { barChart } from "./report/bar-chart.ts";
import { markdown } from "./report/table.ts";

test("the middle run, its spread and a growth are what they are by hand", () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assert.equal(quantile([5, 1, 4, 2, 3], 0.99), 5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
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
