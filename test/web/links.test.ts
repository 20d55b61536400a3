import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { loadLinkSecret } from "../../src/web/link-secret.ts";
import { expiryOf, Links } from "../../src/web/links.ts";

const links = new Links({ publicUrl: "https://rec.example/base", secret: "a".repeat(32) });
const id = "0123456789ABCDEFGHIJKL";

function partsOf(link: string): { exp: string; sig: string } {
  const query = new URL(link).searchParams;
  return { exp: query.get("exp") ?? "", sig: query.get("sig") ?? "" };
}

test("links are absolute, under the public address and its prefix", () => {
  assert.equal(links.page(id), `https://rec.example/base/r/${id}`);
  assert.match(
    links.track(id, 3, 2_000_000_000),
    /^https:\/\/rec\.example\/base\/r\/\w{22}\/tracks\/3\.wav\?exp=2000000000&sig=[\w-]{43}$/,
  );
});

test("a link holds until it expires, to the second", () => {
  const { exp, sig } = partsOf(links.track(id, 1, 1_000));
  assert.equal(links.verify(id, 1, exp, sig, 999.9), "valid");
  assert.equal(links.verify(id, 1, exp, sig, 1_000), "expired");
});

test("no part of a link can be changed, and another secret's links are worth nothing", () => {
  const { exp, sig } = partsOf(links.track(id, 1, 1_000));
  const other = new Links({ publicUrl: "https://rec.example/base", secret: "b".repeat(32) });
  assert.equal(links.verify(id, 2, exp, sig, 0), "invalid");
  assert.equal(links.verify(id.replace("0", "1"), 1, exp, sig, 0), "invalid");
  assert.equal(links.verify(id, 1, "9999999999", sig, 0), "invalid");
  assert.equal(links.verify(id, 1, `${exp}.0`, sig, 0), "invalid");
  assert.equal(links.verify(id, 1, exp, `${sig}A`, 0), "invalid");
  assert.equal(links.verify(id, 1, exp, "", 0), "invalid");
  assert.equal(links.verify(id, 1, exp, `é${sig.slice(1)}`, 0), "invalid");
  assert.equal(other.verify(id, 1, exp, sig, 0), "invalid");
});

test("links last as long as the files", () => {
  assert.equal(expiryOf(1_500, 30), 1 + 30 * 86_400);
});

test("the secret is made once, for its owner alone, and kept", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "secret-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const both = await Promise.all([loadLinkSecret(data), loadLinkSecret(data)]);
  assert.equal(both[0], both[1]);
  assert.ok(both[0].length >= 32);
  assert.equal(await loadLinkSecret(data), both[0]);
  const path = join(data, "link-secret");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, "utf8").trim(), both[0]);
  writeFileSync(path, "short");
  await assert.rejects(loadLinkSecret(data), RecorderError);
});
