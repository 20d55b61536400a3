import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { archiveName } from "../../src/recordings/archive-name.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { expiryOf } from "../../src/web/links.ts";
import { Library, RETENTION_DAYS } from "./library.ts";

const options = { timeout: 60_000 };
const content = randomBytes(100_000);

function archiveUrl(library: Library, id: string, expiresAtS = expiryOf(Date.now(), RETENTION_DAYS)): string {
  return library.url(`/r/${library.links.archiveFromPage(id, expiresAtS)}`);
}

function putArchive(library: Library, manifest: Manifest): void {
  const directory = library.storage.exportsDirectory(manifest.id);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, archiveName(manifest)), content);
}

test("the ZIP comes whole, with its length, a strong tag and the recording's title", options, async () => {
  await using library = await Library.open();
  const manifest = await library.add({ title: "Zoë's show" });
  putArchive(library, manifest);
  const response = await fetch(archiveUrl(library, manifest.id));
  assert.equal(response.status, 200);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), content);
  assert.equal(response.headers.get("content-type"), "application/zip");
  assert.equal(response.headers.get("content-length"), "100000");
  assert.match(response.headers.get("etag") ?? "", /^"[^"]+"$/);
  assert.match(response.headers.get("content-disposition") ?? "", /filename=Zoe_s_show\.zip/);
  const head = await fetch(archiveUrl(library, manifest.id), { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "100000");
  assert.equal(head.headers.get("etag"), response.headers.get("etag"));
});

test("an interrupted download of the ZIP goes on where it stopped", options, async () => {
  await using library = await Library.open();
  const manifest = await library.add();
  putArchive(library, manifest);
  const whole = await fetch(archiveUrl(library, manifest.id), { method: "HEAD" });
  const headers = { range: "bytes=60000-", "if-range": whole.headers.get("etag") ?? "" };
  const rest = await fetch(archiveUrl(library, manifest.id), { headers });
  assert.equal(rest.status, 206);
  assert.deepEqual(Buffer.from(await rest.arrayBuffer()), content.subarray(60_000));
});

test(
  "a ZIP that is not made yet is asked for, with a page that says when to come again",
  options,
  async () => {
    const asked: string[] = [];
    await using library = await Library.open(undefined, (id) => asked.push(id));
    const { id } = await library.add();
    const response = await fetch(archiveUrl(library, id));
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "30");
    assert.match(await response.text(), /This is not ready yet/);
    assert.deepEqual(asked, [id]);
  },
);

test(
  "the page on which a ZIP is still being made asks for it: it may have been given up",
  options,
  async () => {
    const asked: string[] = [];
    await using library = await Library.open(undefined, (id) => asked.push(id));
    const running = await library.add({ state: "recording" });
    const empty = await library.add({ tracks: [] });
    const manifest = await library.add();
    for (const { id } of [running, empty, manifest]) await fetch(library.url(`/r/${id}`));
    assert.deepEqual(asked, [manifest.id]);
    putArchive(library, manifest);
    await fetch(library.url(`/r/${manifest.id}`));
    assert.deepEqual(asked, [manifest.id], "one that is there is asked for no more");
  },
);

test("the ZIP of a recording that runs is not there, nor asked for", options, async () => {
  const asked: string[] = [];
  await using library = await Library.open(undefined, (id) => asked.push(id));
  const { id } = await library.add({ state: "recording" });
  assert.equal((await fetch(archiveUrl(library, id))).status, 409);
  assert.deepEqual(asked, []);
});

test("a wrong, foreign or expired signature learns nothing of the ZIP", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add();
  const absent = newRecordingId();
  const later = expiryOf(Date.now(), RETENTION_DAYS);
  for (const one of [id, absent]) {
    assert.equal((await fetch(library.url(`/r/${one}/archive.zip`))).status, 403);
    assert.equal((await fetch(library.url(`/r/${one}/archive.zip?exp=${later}&sig=x`))).status, 403);
    const otherFile = new URL(library.track(one, 1, later)).searchParams.get("sig") ?? "";
    assert.equal(
      (await fetch(library.url(`/r/${one}/archive.zip?exp=${later}&sig=${otherFile}`))).status,
      403,
      "a track's signature opens no ZIP",
    );
    assert.equal((await fetch(archiveUrl(library, one, 1_000_000_000))).status, 410);
  }
  assert.equal((await fetch(archiveUrl(library, absent))).status, 404);
});

test("the page links the ZIP with its size once it is there", options, async () => {
  await using library = await Library.open();
  const manifest = await library.add();
  const page = library.url(`/r/${manifest.id}`);
  assert.match(await (await fetch(page)).text(), /A ZIP of everything is being made/);
  putArchive(library, manifest);
  const text = await (await fetch(page)).text();
  assert.match(text, /Download everything \(ZIP, 100 kB\)/);
  const address = /href="([^"]*archive\.zip[^"]*)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  assert.equal((await fetch(new URL(address, page))).status, 200);
});
