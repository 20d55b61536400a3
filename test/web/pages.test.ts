import { rmSync } from "node:fs";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Library, person } from "./library.ts";

const options = { timeout: 60_000 };

async function pageOf(library: Library, path: string): Promise<{ response: Response; text: string }> {
  const response = await fetch(library.url(path));
  return { response, text: await response.text() };
}

test("the page names the recording, its people, their sizes, and when the links end", options, async () => {
  await using library = await Library.open();
  const startedAtMs = Date.UTC(2026, 10, 21, 9, 35);
  const { id } = await library.add({ startedAtMs });
  const { response, text } = await pageOf(library, `/r/${id}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  for (const words of [
    "Weekly planning",
    "The Guild",
    "General",
    "Zoë",
    "Ben",
    "57.6 MB",
    "10 min 0 s",
    "Complete",
  ])
    assert.ok(text.includes(words), words);
  assert.ok(text.includes('<time datetime="2026-11-21T09:35:00.000Z">21 November 2026 at 09:35 UTC</time>'));
  assert.ok(text.includes('<time datetime="2026-12-21T09:35:00.000Z">21 December 2026 at 09:35 UTC</time>'));
});

test("the download buttons of a page work as they stand", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [Buffer.from("first"), Buffer.from("second")]);
  const { response, text } = await pageOf(library, `/r/${id}`);
  const links = [...text.matchAll(/href="([^"]*\.wav[^"]*)"/g)].map(
    (match) => new URL((match[1] ?? "").replaceAll("&amp;", "&"), response.url).href,
  );
  assert.equal(links.length, 2);
  assert.equal(await (await fetch(links[0] ?? "")).text(), "first");
  assert.equal(await (await fetch(links[1] ?? "")).text(), "second");
});

test("a page is kept from search engines, referrers, frames and foreign content", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add();
  const { response, text } = await pageOf(library, `/r/${id}`);
  assert.equal(response.headers.get("referrer-policy"), "no-referrer");
  assert.match(response.headers.get("x-robots-tag") ?? "", /noindex/);
  assert.match(response.headers.get("cache-control") ?? "", /private/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.match(
    response.headers.get("content-security-policy") ?? "",
    /^default-src 'none';style-src 'sha256-[^']+';img-src data:;font-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'$/,
  );
  assert.ok(text.includes('content="noindex, nofollow"'));
  assert.doesNotMatch(text, /<script|https?:\/\//);
});

test("the page's own style is the one that the policy allows", options, async () => {
  await using library = await Library.open();
  const { response, text } = await pageOf(library, "/nowhere");
  const [, style = ""] = /<style>([^<]*)<\/style>/.exec(text) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  assert.notEqual(style, "");
  assert.ok(response.headers.get("content-security-policy")?.includes(`style-src 'sha256-${hash}'`));
});

test("hostile names stay text", options, async () => {
  await using library = await Library.open();
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;\u202e`;
  const { id } = await library.add({
    title: hostile,
    guild: { id: "1", name: hostile },
    channel: { id: "2", name: hostile },
    startedBy: { id: "3", name: hostile },
    tracks: [person(1, hostile)],
    error: { code: "E-X", message: hostile },
  });
  const { text } = await pageOf(library, `/r/${id}`);
  assert.doesNotMatch(text, /<script|<img|"'>/);
  assert.ok(text.includes("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img"));
  const [, title = ""] = /<title>([^<]*)<\/title>/.exec(text) ?? [];
  assert.ok(title.length > 0 && !title.includes("\u202e"));
  const [, label = ""] = /aria-label="(Download[^"]*)"/.exec(text) ?? [];
  assert.ok(label.length > 0 && !label.includes("\u202e"));
});

test("what is missing is said, and what was repaired is told apart from it", options, async () => {
  await using library = await Library.open();
  const gap = { reason: "queue", fromSamples: 96_000, toSamples: 105_600, missingSamples: 9_600 } as const;
  const { id } = await library.add({
    connection: { datagrams: 1, notMedia: 0, unattributed: 7 },
    tracks: [
      {
        ...person(1, "Lossy", { received: 10_016, dropped: 10, late: 1, rejected: 2, expired: 3 }),
        gaps: [gap],
      },
      person(2, "Patched", { received: 10_014, concealedSamples: 57_600, duplicate: 5, padding: 9 }),
    ],
  });
  const { text } = await pageOf(library, `/r/${id}`);
  const plain = text.replaceAll(/\s+/g, " ");
  for (const line of [
    "0.2 s missing at 0:02.0: the recorder&#39;s disk was too slow.",
    "1 packet (20 ms) missing: they came too late.",
    "3 packets (0.06 s) missing: it could not be decrypted, because its key never came.",
    "7 packets (0.14 s) came from people whom Discord never named: on no track.",
  ])
    assert.ok(plain.includes(`<li>${line}</li>`), line);
  assert.ok(plain.includes("1.2 s repaired after packets were lost on the network"));
  assert.equal(plain.match(/>Nothing else is missing</g)?.length, 1);
  assert.doesNotMatch(plain, />Complete</);
});

test("a running recording says so and offers nothing yet", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({ state: "recording", tracks: [{ track: 1, userId: "1", name: "Zoë" }] });
  const { text } = await pageOf(library, `/r/${id}`);
  assert.match(text, /Being recorded/);
  assert.match(text, /Zoë/);
  assert.doesNotMatch(text, /\.wav/);
});

test("a failed recording says why and offers what there is", options, async () => {
  await using library = await Library.open();
  const error = { code: "E-INTERRUPTED", message: "The recorder stopped unexpectedly." };
  const tracks = [{ track: 1, userId: "1", name: "Zoë", file: "01-person.wav", sizeBytes: 96_044 }];
  const { id } = await library.add({ state: "failed", error, tracks });
  const { text } = await pageOf(library, `/r/${id}`);
  assert.match(text, /The recorder stopped unexpectedly\. \(E-INTERRUPTED\)/);
  assert.match(text, /96 kB/);
  assert.match(text, /tracks\/1\.wav\?exp=/);
});

test("the page says until when the recording is kept, and is gone after that", options, async () => {
  await using library = await Library.open();
  const kept = await library.add({ startedAtMs: Date.now() - 29 * 86_400_000 });
  assert.match((await pageOf(library, `/r/${kept.id}`)).text, /Kept until/);
  const { id } = await library.add({ startedAtMs: Date.UTC(2020, 0, 1) });
  const { response, text } = await pageOf(library, `/r/${id}`);
  assert.equal(response.status, 404);
  assert.match(text, /There is nothing here/);
});

test("a recording that runs longer than recordings are kept has its page", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({ state: "recording", startedAtMs: Date.UTC(2020, 0, 1) });
  assert.equal((await pageOf(library, `/r/${id}`)).response.status, 200);
});

test("peak and loudness stand beside each track, a fault instead of a promise", options, async () => {
  await using library = await Library.open();
  const loud = { integratedLufs: -23.4, rangeLu: 5, truePeakDbtp: -1.2 };
  const { id } = await library.add({
    tracks: [
      { ...person(1, "Zoë"), peak: 16_384, loudness: loud },
      { ...person(2, "Ben"), peak: 0, problem: "The file is shorter than it says." },
    ],
  });
  const { text } = await pageOf(library, `/r/${id}`);
  assert.match(text, /peak \u22126\.0 dBFS<\/span> · <span class="whole">\u221223\.4 LUFS/);
  assert.match(text, /The file is shorter than it says\./);
  assert.equal(text.match(/>Complete</g)?.length, 1);
  assert.equal(text.match(/dBFS/g)?.length, 1);
});

test("a recording in which nobody spoke says that", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({ tracks: [] });
  const { text } = await pageOf(library, `/r/${id}`);
  assert.match(text, /Nobody was heard/);
});

test("whatever does not exist is answered with one friendly page", options, async () => {
  await using library = await Library.open();
  const pages = await Promise.all(
    ["/", `/r/${newRecordingId()}`, "/r/short", "/r/", "/favicon.ico"].map((path) => pageOf(library, path)),
  );
  for (const { response, text } of pages) {
    assert.equal(response.status, 404);
    assert.match(text, /There is nothing here/);
    assert.equal(text, pages[0]?.text);
  }
  const head = await fetch(library.url(`/r/${newRecordingId()}`), { method: "HEAD" });
  assert.equal(head.status, 404);
  assert.equal(await head.text(), "");
});

test(
  "a page's address with a slash behind it leads to the page, whose links are relative",
  options,
  async () => {
    await using library = await Library.open();
    const { id } = await library.add();
    const { response, text } = await pageOf(library, `/r/${id}/`);
    assert.equal(response.status, 200);
    assert.equal(response.url, library.url(`/r/${id}`));
    assert.equal(text, (await pageOf(library, `/r/${id}`)).text);
    const redirect = await fetch(library.url(`/r/${id}/`), { redirect: "manual" });
    assert.equal(redirect.headers.get("location"), `../${id}`, "right under any prefix");
    assert.equal((await pageOf(library, `/r/${newRecordingId()}/`)).response.status, 404);
    assert.equal((await pageOf(library, "/r/no-id/")).response.status, 404);
  },
);

test("somebody who asks too often is asked to wait", options, async () => {
  await using library = await Library.open();
  const statuses = new Set<number>();
  for (let batch = 0; batch < 8; batch += 1)
    for (const { response } of await Promise.all(
      Array.from({ length: 50 }, () => pageOf(library, "/r/guess")),
    ))
      statuses.add(response.status);
  assert.deepEqual(
    [...statuses].sort((a, b) => a - b),
    [404, 429],
  );
  assert.equal((await fetch(library.url("/healthz"))).status, 200);
});

test("deleting a recording's folder deletes its page", async () => {
  await using library = await Library.open();
  const { id } = await library.add();
  assert.equal((await pageOf(library, `/r/${id}`)).response.status, 200);
  rmSync(library.storage.directory(id), { recursive: true });
  assert.equal((await pageOf(library, `/r/${id}`)).response.status, 404);
});
