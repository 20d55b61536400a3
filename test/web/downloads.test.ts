import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { utimesSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Library, person, sample } from "./library.ts";

const options = { timeout: 60_000 };
const content = randomBytes(200_000);

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

test("a track comes whole, with its name, its length and a strong tag", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const response = await fetch(library.track(id, 1));
  assert.equal(response.status, 200);
  assert.deepEqual(await bytesOf(response), content);
  assert.equal(response.headers.get("content-type"), "audio/wav");
  assert.equal(response.headers.get("content-length"), "200000");
  assert.equal(response.headers.get("accept-ranges"), "bytes");
  assert.equal(response.headers.get("cache-control"), "private, no-transform");
  assert.match(response.headers.get("etag") ?? "", /^"[^"]+"$/);
  assert.ok(Date.parse(response.headers.get("last-modified") ?? "") > 0);
  assert.equal(
    response.headers.get("content-disposition"),
    `attachment; filename=Weekly_planning-01-Zoe.wav; filename*=UTF-8''Weekly_planning-01-Zo%C3%AB.wav`,
  );
});

test("HEAD says what GET would, without the bytes", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const head = await fetch(library.track(id, 1), { method: "HEAD" });
  const get = await fetch(library.track(id, 1));
  await get.arrayBuffer();
  assert.equal(head.status, 200);
  assert.equal((await bytesOf(head)).length, 0);
  for (const name of ["content-length", "content-type", "etag", "last-modified", "content-disposition"])
    assert.equal(head.headers.get(name), get.headers.get(name), name);
});

test("one byte range is served; several are answered with the whole", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const cases = [
    ["bytes=0-0", 0, 1],
    ["bytes=100-199", 100, 200],
    ["bytes=199990-", 199_990, 200_000],
    ["bytes=-10", 199_990, 200_000],
    ["bytes=199990-999999", 199_990, 200_000],
  ] as const;
  for (const [range, from, to] of cases) {
    const response = await fetch(library.track(id, 1), { headers: { range } });
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get("content-range"), `bytes ${from}-${to - 1}/200000`);
    assert.deepEqual(await bytesOf(response), content.subarray(from, to), range);
  }
  const several = await fetch(library.track(id, 1), { headers: { range: "bytes=0-1,5-6" } });
  assert.equal(several.status, 200);
  assert.equal((await bytesOf(several)).length, 200_000);
});

test("a range beyond the end is refused with the length", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const response = await fetch(library.track(id, 1), { headers: { range: "bytes=200000-" } });
  assert.equal(response.status, 416);
  assert.equal(response.headers.get("content-range"), "bytes */200000");
  assert.equal(response.headers.get("content-disposition"), null);
  await response.arrayBuffer();
});

test(
  "an interrupted download resumes with the tag, and starts over when the file is another",
  options,
  async () => {
    await using library = await Library.open();
    const { id } = await library.add({}, [content]);
    const whole = await fetch(library.track(id, 1));
    const tag = whole.headers.get("etag") ?? "";
    const modified = whole.headers.get("last-modified") ?? "";
    const first = (await bytesOf(whole)).subarray(0, 50_000);
    const range = "bytes=50000-";
    for (const condition of [tag, modified]) {
      const rest = await fetch(library.track(id, 1), { headers: { range, "if-range": condition } });
      assert.equal(rest.status, 206, condition);
      assert.equal(rest.headers.get("etag"), tag);
      assert.deepEqual(Buffer.concat([first, await bytesOf(rest)]), content);
    }
    for (const condition of ['"another"', `W/${tag}`, `${tag}, "x"`, "nonsense"]) {
      const again = await fetch(library.track(id, 1), { headers: { range, "if-range": condition } });
      assert.equal(again.status, 200, condition);
      await again.arrayBuffer();
    }
    utimesSync(
      join(library.storage.tracksDirectory(id), "01-person.wav"),
      new Date(),
      new Date(Date.now() + 5_000),
    );
    const changed = await fetch(library.track(id, 1), { headers: { range, "if-range": tag } });
    assert.equal(changed.status, 200);
    await changed.arrayBuffer();
  },
);

test("a copy that is still right is not sent again", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const tag = (await fetch(library.track(id, 1), { method: "HEAD" })).headers.get("etag") ?? "";
  // Not by fetch, which adds "no-cache" to a request with this condition.
  const { pathname, search } = new URL(library.track(id, 1));
  const same = await raw(library.server.address, pathname + search, `If-None-Match: ${tag}\r\n`);
  assert.match(same, /^HTTP\/1\.1 304 /);
  assert.ok(same.includes(`etag: ${tag}`));
  const other = await fetch(library.track(id, 1), { headers: { "if-match": '"another"' } });
  assert.equal(other.status, 412);
  await other.arrayBuffer();
});

test("a wrong or expired signature is answered alike whether the file exists or not", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const nowhere = newRecordingId();
  const later = Math.floor(Date.now() / 1000) + 1_000;
  const tampered = (one: string) =>
    library.track(one, 1, later).replace(/sig=./, (s) => (s === "sig=A" ? "sig=B" : "sig=A"));
  const links = {
    wrong: tampered,
    unsigned: (one: string) => library.url(`/r/${one}/tracks/1.wav`),
    twice: (one: string) => `${library.track(one, 1, later)}&sig=x`,
    moved: (one: string) => library.track(one, 2, later).replace("/2.wav", "/1.wav"),
    prolonged: (one: string) => library.track(one, 1, later).replace(String(later), String(later + 1)),
    expired: (one: string) => library.track(one, 1, 1_000),
  };
  for (const [name, link] of Object.entries(links)) {
    const [real, unreal] = await Promise.all([fetch(link(id)), fetch(link(nowhere))]);
    assert.equal(real.status, name === "expired" ? 410 : 403, name);
    assert.equal(real.status, unreal.status, name);
    const text = await real.text();
    assert.equal(text, await unreal.text(), name);
    assert.match(text, /the recording&#39;s page|the recording's page/, name);
    const headersOf = (response: Response) =>
      [...response.headers].filter(([key]) => !/^(date|x-ratelimit)/.test(key));
    assert.deepEqual(headersOf(real), headersOf(unreal), name);
  }
});

test("an address that leads out of the folder is never valid", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  const query = new URL(library.track(id, 1)).search;
  for (const path of [
    `/r/${id}/tracks/..%2f..%2fcatalog.sqlite${query}`,
    `/r/${id}/tracks/%2e%2e/recording.json${query}`,
    `/r/../../etc/passwd`,
    `/r/%2e%2e%2f%2e%2e%2fetc%2fpasswd`,
    `/r/..%00/tracks/1.wav${query}`,
    `/r/${id}/tracks/01.wav${query}`,
    `/r/${id}/tracks/1.wav%00${query}`,
    `/r/${id}/tracks/01-person.wav${query}`,
    `/r/${"a".repeat(300)}`,
  ]) {
    const answer = await raw(library.server.address, path);
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, path);
    assert.doesNotMatch(answer, /root:|SQLite/, path);
  }
});

test("a recording that still runs is not downloadable yet, and says so", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({ state: "recording" }, [content]);
  const response = await fetch(library.track(id, 1));
  assert.equal(response.status, 409);
  assert.ok(response.headers.has("retry-after"));
  assert.match(await response.text(), /still being recorded/);
  assert.equal((await fetch(library.url(`/r/${id}/tracks/1.wav`))).status, 403);
});

test("a failed recording's tracks are served, a missing file is not found", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({ state: "failed", error: { code: "E-X", message: "x" } }, [content]);
  assert.deepEqual(await bytesOf(await fetch(library.track(id, 1))), content);
  const missing = await fetch(library.track(id, 2));
  assert.equal(missing.status, 404);
  assert.equal(missing.headers.get("content-disposition"), null);
  await missing.arrayBuffer();
});

test("no name can break out of the header", options, async () => {
  await using library = await Library.open();
  const names = [
    "../../x",
    "\u202egnp.exe",
    "a\r\nSet-Cookie: x=1",
    "🎉",
    'q"uo\\te',
    "<script>alert(1)</script>",
    "ひかり",
  ];
  for (const name of names) {
    const { id } = await library.add({ title: name, tracks: [person(1, name)] }, [content]);
    const response = await fetch(library.track(id, 1), { method: "HEAD" });
    assert.equal(response.status, 200, name);
    assert.equal(response.headers.get("set-cookie"), null);
    const disposition = response.headers.get("content-disposition") ?? "";
    assert.match(disposition, /^attachment; filename=[\w.-]+(; filename\*=UTF-8''[\w.%-]+)?$/, name);
    assert.doesNotMatch(disposition, /\.\.|%E2%80%AE/i, name);
    assert.match(disposition, /-01-.*\.wav/);
  }
});

test("the log never holds an id or a signature", options, async () => {
  await using library = await Library.open();
  const { id } = await library.add({}, [content]);
  for (const address of [
    library.track(id, 1),
    library.url(`/r/${id}`),
    library.track(id, 9, 1),
    library.url(`/nope/${id}`),
  ])
    await (await fetch(address)).arrayBuffer();
  assert.ok(library.logged.some((line) => line.includes("/r/:id/tracks/:file")));
  assert.ok(library.logged.every((line) => !line.includes(id) && !line.includes("sig=")));
});

test("closing does not wait for a download that is under way", options, async () => {
  await using library = await Library.open();
  const manifest = sample();
  const { id } = await library.add(manifest, [Buffer.alloc(64_000_000)]);
  const response = await fetch(library.track(id, 1));
  const reader = response.body?.getReader();
  await reader?.read();
  await library.server.close();
  await assert.rejects(async () => {
    for (;;) if ((await reader?.read())?.done) return;
  });
});

/** A request whose path is sent as it stands: `fetch` would tidy it up. */
async function raw(address: string, path: string, headers = ""): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}
