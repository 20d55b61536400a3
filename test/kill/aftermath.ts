/** What must be true of a recording whose bot was killed, once it is over. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { balances } from "../../src/recordings/counts.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { isOver } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { expiryOf } from "../../src/recordings/retention.ts";
import { loadLinkSecret } from "../../src/web/link-secret.ts";
import { Links } from "../../src/web/links.ts";
import type { Call } from "../support/call.ts";
import { eventually } from "../support/wait.ts";
import { readWithWavefile } from "../support/wav-readers.ts";

const RETENTION_DAYS = 30;
/** For ffmpeg, below everybody's priority. */
const CHECKED_MS = 120_000;
const run = promisify(execFile);

/** The addresses under which people have a recording, made from what it is now: they must go on working. */
export type Addresses = { readonly page: string; readonly tracks: ReadonlyMap<number, string> };

export async function addressesOf(call: Call, manifest: Manifest): Promise<Addresses> {
  const links = new Links({ publicUrl: call.bot.baseUrl, secret: await loadLinkSecret(call.dataDir) });
  const { id, startedAtMs = 0, tracks } = manifest;
  const expiry = expiryOf(startedAtMs, RETENTION_DAYS);
  return {
    page: links.page(id),
    tracks: new Map(tracks.map(({ track }) => [track, links.track(id, track, expiry)])),
  };
}

/** Every track is there, as long as the recording, for two readers that are not ours; the books balance. */
export async function assertTracksAreWhole(call: Call, manifest: Manifest): Promise<void> {
  const { id, lengthSamples, tracks } = manifest;
  assert.ok(isOver(manifest), `${id} is over`);
  const folder = join(call.dataDir, "recordings", id, "tracks");
  const files = existsSync(folder) ? readdirSync(folder) : [];
  assert.deepEqual(
    files.sort(),
    tracks.flatMap(({ file }) => file ?? []).sort(),
    "the manifest lists every track",
  );
  assert.equal(new Set(tracks.map(({ userId }) => userId)).size, tracks.length, "one track per person");
  for (const { file = "", name, samples, problem, counts } of tracks) {
    const path = join(folder, file);
    assert.equal(samples, lengthSamples, `${name} in the manifest`);
    assert.equal(await samplesForFfprobe(path), lengthSamples, `${name} for ffprobe`);
    assert.equal(readWithWavefile(path).samples, lengthSamples, `${name} for wavefile`);
    assert.equal(problem, undefined, `${name} has no problem`);
    if (counts !== undefined) assert.ok(balances(counts), `${name}: ${JSON.stringify(counts)}`);
  }
}

/** The page opens, and each link gives the whole file. */
export async function assertServed(call: Call, id: string, { page, tracks }: Addresses): Promise<void> {
  const shown = await fetch(page);
  const text = await shown.text();
  assert.equal(shown.status, 200, page);
  for (const [track, link] of tracks) {
    assert.ok(text.includes(`/tracks/${track}.wav?`), `the page lists track ${track}`);
    const response = await fetch(link);
    const { byteLength } = await response.arrayBuffer();
    assert.equal(response.status, 200, link);
    const file = call.manifests.find((one) => one.id === id)?.tracks.find((one) => one.track === track)?.file;
    assert.ok(file !== undefined, `track ${track} of before is there`);
    assert.equal(byteLength, statSync(join(call.dataDir, "recordings", id, "tracks", file)).size);
  }
}

/** Everything that was recorded here is whole, and has been checked by the bot's own jobs. */
export async function assertAllIsWell(call: Call): Promise<void> {
  // Where nobody was heard there is nothing to check.
  const began = (): readonly Manifest[] =>
    call.manifests.filter(({ startedAtMs, tracks }) => startedAtMs !== undefined && tracks.length > 0);
  await eventually(
    "all are checked",
    () => began().every(({ checked }) => checked !== undefined),
    CHECKED_MS,
  );
  for (const manifest of began()) await assertTracksAreWhole(call, manifest);
  await assertCatalogAgrees(call);
}

/** Nothing was put into quarantine, no recording is left unfinished, and the catalog says what the folders say. */
export async function assertCatalogAgrees(call: Call): Promise<void> {
  const quarantine = join(call.dataDir, "quarantine");
  assert.deepEqual(existsSync(quarantine) ? readdirSync(quarantine) : [], [], "every folder is understood");
  const folders = readdirSync(join(call.dataDir, "recordings"));
  await using catalog = await Catalog.open(call.dataDir);
  await eventually("catalog and folders agree", async () => {
    const { manifests } = call;
    assert.deepEqual(manifests.map(({ id }) => id).sort(), folders.sort(), "every folder has its manifest");
    if ((await catalog.listUnfinished()).length > 0) return false;
    for (const manifest of manifests) {
      const known = await catalog.find(manifest.id);
      if (JSON.stringify(summaryOf(known)) !== JSON.stringify(summaryOf(manifest))) return false;
    }
    return true;
  });
}

function summaryOf(manifest: Manifest | undefined): unknown {
  if (manifest === undefined) return undefined;
  const { state, startedAtMs, lengthSamples, error } = manifest;
  const tracks = manifest.tracks.map(({ track, userId, name, file, samples }) => ({
    track,
    userId,
    name,
    file,
    samples,
  }));
  return { state, startedAtMs, lengthSamples, code: error?.code, tracks };
}

/** Without blocking this thread, on which other calls are simulated. */
async function samplesForFfprobe(file: string): Promise<number> {
  const args = ["-v", "error", "-of", "json", "-show_streams", file];
  const { stdout, stderr } = await run("ffprobe", args);
  assert.equal(stderr, "", `ffprobe has nothing to say against ${file}`);
  // A track that ended before anybody was heard has no duration.
  return JSON.parse(stdout).streams[0].duration_ts ?? 0;
}
