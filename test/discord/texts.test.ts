import assert from "node:assert/strict";
import { test } from "node:test";
import { lossLines } from "../../src/discord/loss.ts";
import { escapeText, MESSAGE_CHARACTERS, oneLine, packLines } from "../../src/discord/markdown.ts";
import { noticeText } from "../../src/discord/notice-text.ts";
import { startedAnswer, statusAnswer, stoppedAnswer } from "../../src/discord/recording-text.ts";
import { Links } from "../../src/web/links.ts";
import { finished, STARTED_AT_MS, track } from "./manifests.ts";

const links = new Links({ publicUrl: "https://rec.example", secret: "s".repeat(32) });
const source = { links, retentionDays: 30 };
const EXPIRES_AT_S = STARTED_AT_MS / 1000 + 30 * 86_400;

test("a name that is formatting, mention or link is shown as it is written", () => {
  assert.equal(escapeText("**Zoë** <@1> @everyone"), "\\*\\*Zoë\\*\\* \\<\\@1\\> \\@everyone");
  assert.equal(escapeText("[a](https://evil.example)"), "\\[a\\](https\\://evil.example)");
  assert.equal(escapeText("a\nb\u202ec\u0000 ```"), "a b c \\`\\`\\`");
});

test("a text becomes one line, cut outside surrogate pairs", () => {
  assert.equal(oneLine("  a \r\n\t b\u0007 ", 100), "a b");
  assert.equal(oneLine("x🎧", 2), "x");
  assert.equal(oneLine(" \n ", 100), "");
});

test("lines are packed into as few messages as Discord's limit allows, in order", () => {
  const lines = Array.from({ length: 50 }, (_, index) => `${index} ${"x".repeat(150)}`);
  const messages = packLines(lines);
  assert.equal(messages.length, 5, "12 lines of 154 characters fit a message");
  assert.deepEqual(messages.join("\n").split("\n"), lines);
  for (const message of messages) assert.ok(message.length <= MESSAGE_CHARACTERS);
  assert.deepEqual(packLines(["y".repeat(3_000)]), ["y".repeat(MESSAGE_CHARACTERS)]);
});

test("the answer to stop has the page, the length and one link per person", () => {
  const manifest = finished({ tracks: [track(1, "Zoë"), track(2, "__Ben__")] });
  const [text = "", ...more] = stoppedAnswer(manifest, source);
  assert.deepEqual(more, []);
  assert.match(text, /1:05 in <#200>: Standup/);
  assert.ok(text.includes(`<${links.page(manifest.id)}>`));
  assert.ok(text.includes(`**Zoë**: <${links.track(manifest.id, 1, EXPIRES_AT_S)}>`));
  assert.ok(text.includes(`**\\_\\_Ben\\_\\_**: <${links.track(manifest.id, 2, EXPIRES_AT_S)}>`));
  assert.ok(text.includes(`<t:${EXPIRES_AT_S}:f>`));
  assert.match(text, /Complete/);
});

test("thirty people's links are all there, each message within the limit", () => {
  const name = "*".repeat(32);
  const tracks = Array.from({ length: 30 }, (_, index) => track(index + 1, name));
  const messages = stoppedAnswer(finished({ tracks }), source);
  assert.ok(messages.length > 1);
  for (const message of messages) assert.ok(message.length <= MESSAGE_CHARACTERS);
  const numbers = [...messages.join("\n").matchAll(/\/tracks\/(\d+)\.wav\?exp=\d+&sig=[\w-]{43}>/g)].map(
    Number,
  );
  assert.equal(numbers.length, 30);
});

test("where the links would bury the answer, the page is named for the rest", () => {
  const tracks = Array.from({ length: 400 }, (_, index) => track(index + 1, "Somebody"));
  const messages = stoppedAnswer(finished({ tracks }), source);
  assert.ok(messages.length < 10);
  assert.ok(messages.at(-1)?.includes(links.page(finished().id)));
});

test("a recording without tracks says so, and a failed one says why", () => {
  const empty = stoppedAnswer(finished({ tracks: [] }), source).join("\n");
  assert.match(empty, /Nobody was heard/);
  assert.doesNotMatch(empty, /archive\.zip/);
  assert.doesNotMatch(empty, /Complete/);
  const error = { code: "E-DISK-FULL", message: "The disk is full." };
  assert.match(
    stoppedAnswer(finished({ state: "failed", error }), source).join("\n"),
    /The disk is full\. \(E-DISK-FULL\)/,
  );
});

test("what is missing is said in words, per person", () => {
  const late = track(1, "__Zoë__", { received: 12, late: 2 });
  assert.deepEqual(lossLines(finished({ tracks: [late, track(2, "Ben")] })), [
    "⚠️ \\_\\_Zoë\\_\\_: 2 packets (0.04 s) missing: they came too late.",
  ]);
  const connection = { datagrams: 9, notMedia: 0, unattributed: 7 };
  assert.match(lossLines(finished({ connection })).join(), /⚠️ 7 packets \(0\.14 s\) came from people/);
  assert.match(lossLines(finished({ tracks: [track(1, "Zoë", { received: 99 })] })).join(), /do not add up/);
  const many = { fromSamples: 0, toSamples: 4_800, missingSamples: 4_800, reason: "network" } as const;
  const gaps = Array.from({ length: 90 }, () => many);
  const long = lossLines(finished({ tracks: [1, 2, 3].map((at) => ({ ...track(at, "Zoë"), gaps })) }));
  assert.deepEqual([long.length, long.at(-1)], [9, "… and 262 more; see the page."]);
  assert.match(lossLines(finished({ state: "recording" })).join(), /^✅ Complete so far: nothing/);
});

test("start says where, how and where to look; status says who was heard", () => {
  const manifest = finished({ state: "recording", channels: 2 });
  assert.match(startedAnswer(manifest, source).join(), /<#200>: one stereo WAV per person/);
  const status = statusAnswer(manifest, source).join();
  assert.match(status, /Recording <#200>, started <t:1767323045:R> by Zoë/);
  assert.match(status, /Heard so far \(1\): Zoë/);
});

test("the public notice has a text for every state, without links", () => {
  for (const state of [
    "connecting",
    "recording",
    "reconnecting",
    "finishing",
    "finished",
    "failed",
  ] as const) {
    const text = noticeText(finished({ state }));
    assert.match(text, /<#200>/);
    assert.doesNotMatch(text, /http/);
  }
  assert.match(
    noticeText(finished(), "everybody had left"),
    /ended because everybody had left: 1:05, 1 person was heard/,
  );
});

test("the answer to stop links the ZIP of everything, for as long as the tracks", () => {
  const text = stoppedAnswer(finished(), source).join("\n");
  const zip = /<(http[^>]*archive\.zip[^>]*)>/.exec(text)?.[1] ?? "";
  const { searchParams } = new URL(zip);
  const exp = searchParams.get("exp") ?? "";
  assert.equal(links.verifyArchive(finished().id, exp, searchParams.get("sig") ?? "", 0), "valid");
  assert.match(text, new RegExp(`<t:${exp}:f>`));
});
