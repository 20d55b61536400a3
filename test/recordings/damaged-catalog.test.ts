import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Catalog } from "../../src/recordings/catalog.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { request } from "./stages/studio.ts";

const options = { timeout: 60_000 };

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "catalog-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A catalog of some hundred recordings with a part of its pages overwritten: it opens, and is not sound. */
async function scribbleOver(directory: string): Promise<Buffer> {
  const path = join(directory, "catalog.sqlite");
  {
    await using catalog = await Catalog.open(directory);
    for (let count = 0; count < 300; count++)
      await catalog.upsert(newManifest(newRecordingId(), request({ title: `Recording ${count}` })));
  }
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8 * 4_096, 20 * 4_096);
  writeFileSync(path, bytes);
  return bytes;
}

test("a damaged catalog is refused with what to do where nobody could fill a new one", options, async () => {
  using poem = folder();
  writeFileSync(
    join(poem.path, "catalog.sqlite"),
    "this is not a database, it is a poem about one".repeat(100),
  );
  await assert.rejects(Catalog.open(poem.path), { code: "E-CATALOG-DAMAGED", remedy: /doctor/ });
  using scribbled = folder();
  const bytes = await scribbleOver(scribbled.path);
  await assert.rejects(Catalog.open(scribbled.path), { code: "E-CATALOG-DAMAGED" });
  assert.deepEqual(readFileSync(join(scribbled.path, "catalog.sqlite")), bytes, "it is left as it was");
});

test("a damaged catalog is moved aside, not deleted, for one that works", options, async () => {
  using data = folder();
  const bytes = await scribbleOver(data.path);
  for (const round of [1, 2]) {
    await using catalog = await Catalog.open(data.path, { damage: "replace" });
    assert.ok(catalog.replaced !== undefined);
    assert.deepEqual(readFileSync(catalog.replaced), bytes);
    const manifest = newManifest(newRecordingId(), request());
    await catalog.upsert(manifest);
    assert.deepEqual(await catalog.find(manifest.id), manifest);
    await catalog.close();
    assert.equal(readdirSync(data.path).filter((name) => /damaged-[\d-]+T[\d-]+$/.test(name)).length, round);
    writeFileSync(join(data.path, "catalog.sqlite"), bytes);
  }
});

test("a sound catalog is not replaced", options, async () => {
  using data = folder();
  const manifest = newManifest(newRecordingId(), request());
  for (const known of [undefined, manifest]) {
    await using catalog = await Catalog.open(data.path, { damage: "replace" });
    assert.equal(catalog.replaced, undefined);
    assert.deepEqual(await catalog.find(manifest.id), known);
    await catalog.upsert(manifest);
  }
});
