import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { newRecordingId } from "../../src/recordings/recording-id.ts";
import { Recovery } from "../../src/recordings/recovery.ts";
import { Storage } from "../../src/recordings/storage.ts";
import { RecoveryThread } from "../../src/writer/recovery/recovery-thread.ts";
import { LeftBehind, manifestIn } from "../writer/recovery/left-behind.ts";
import { until } from "./stages/studio.ts";

const options = { timeout: 180_000 };
const SPEECH = [{ track: 1, position: 0, frames: 50 }];

/** A start of the recorder on what was left, as far as recovery goes. */
class Start {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly recovery: Recovery;
  readonly over: Manifest[];

  private constructor(storage: Storage, catalog: Catalog, recovery: Recovery, over: Manifest[]) {
    this.storage = storage;
    this.catalog = catalog;
    this.recovery = recovery;
    this.over = over;
  }

  static async on(
    data: LeftBehind,
    before: (catalog: Catalog) => Promise<void> = async () => {},
    goOnWithinMs = 0,
  ): Promise<Start> {
    const storage = new Storage(data.dataDirectory);
    const catalog = await Catalog.open(data.dataDirectory);
    await before(catalog);
    const over: Manifest[] = [];
    const recovery = await Recovery.start({
      catalog,
      storage,
      stage: new RecoveryThread(),
      goOnWithinMs,
      onOver: (manifest) => over.push(manifest),
      log: createLog("silent", "test"),
    });
    return new Start(storage, catalog, recovery, over);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.recovery.close();
    await this.catalog.close();
  }
}

test(
  "an unfinished recording is found by its folder alone, finished, indexed, and worked on as any other",
  options,
  async () => {
    using data = new LeftBehind();
    const left = data.record({ speech: SPEECH });
    await using start = await Start.on(data);
    const report = await start.recovery.done;
    assert.deepEqual(report, { recovered: [left.id], indexed: [], quarantined: [], kept: [] });
    const manifest = manifestIn(left);
    assert.equal(manifest.state, "finished");
    assert.deepEqual(await start.catalog.find(left.id), manifest);
    assert.deepEqual(start.over, [manifest]);
  },
);

test(
  "a second start finds nothing to do but to order the check again that nobody has made",
  options,
  async () => {
    using data = new LeftBehind();
    const left = data.record({ speech: SPEECH });
    {
      await using start = await Start.on(data);
      await start.recovery.done;
    }
    await using again = await Start.on(data);
    assert.deepEqual(await again.recovery.done, { recovered: [], indexed: [], quarantined: [], kept: [] });
    assert.deepEqual(again.over, [manifestIn(left)]);
    await again.recovery.close();

    // One that ended as it should, by a process that died before it had ordered anything.
    const { error: _error, recovered: _recovered, ...ended } = manifestIn(left);
    const write = (manifest: Manifest): void =>
      writeFileSync(join(left.directory, "recording.json"), JSON.stringify(manifest));
    write(ended);
    await using third = await Start.on(data, (catalog) => catalog.upsert(ended));
    await third.recovery.done;
    assert.deepEqual(third.over, [ended]);
    await third.recovery.close();

    write({ ...ended, checked: { reader: "header", loudness: "no-ffmpeg" } });
    await using fourth = await Start.on(data);
    await fourth.recovery.done;
    assert.deepEqual(fourth.over, []);
  },
);

test("recordings that a lost catalog does not know are in it again", options, async () => {
  using data = new LeftBehind();
  const { id } = data.record({ speech: SPEECH });
  {
    await using start = await Start.on(data);
    await start.recovery.done;
  }
  for (const part of ["", "-wal", "-shm"])
    rmSync(join(data.dataDirectory, `catalog.sqlite${part}`), { force: true });
  await using start = await Start.on(data);
  assert.deepEqual((await start.recovery.done).indexed, [id]);
  assert.deepEqual(await start.catalog.find(id), manifestIn(data.left(id)));
  assert.equal(start.over.length, 1, "it had not been checked");
});

test(
  "a row that is not over although its folder is, or that makes no sense, is put right by the folder",
  options,
  async () => {
    using data = new LeftBehind();
    const ids = [data.record({ speech: SPEECH }), data.record({ speech: SPEECH })].map(({ id }) => id);
    {
      await using start = await Start.on(data);
      await start.recovery.done;
    }
    const [stale = "", senseless = ""] = ids;
    await using start = await Start.on(data, async (catalog) => {
      await catalog.upsert({ ...manifestIn(data.left(stale)), state: "finishing" });
      await catalog.database
        .updateTable("recordings")
        .set("channels", 7)
        .where("id", "=", senseless)
        .execute();
      await assert.rejects(catalog.find(senseless), "the row makes no sense");
    });
    assert.deepEqual([...(await start.recovery.done).indexed].sort(), [...ids].sort());
    for (const id of ids) assert.deepEqual(await start.catalog.find(id), manifestIn(data.left(id)));
  },
);

test("an unfinished row whose folder is gone is over, and says why", options, async () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  const manifest = {
    ...manifestIn(left),
    tracks: [{ track: 1, userId: "100001", name: "Zoë", file: "01-Zoë.wav" }],
  };
  rmSync(left.directory, { recursive: true });
  await using start = await Start.on(data, (catalog) => catalog.upsert(manifest));
  await start.recovery.done;
  const row = await start.catalog.find(left.id);
  assert.equal(row?.state, "failed");
  assert.match(row.error?.message ?? "", /folder is gone/);
  assert.deepEqual(row.tracks, [{ track: 1, userId: "100001", name: "Zoë" }], "no link that leads nowhere");
  assert.deepEqual(await start.catalog.listUnfinished(), []);
});

test("one folder that makes no sense is moved aside, and the others are recovered", options, async () => {
  using data = new LeftBehind();
  const good = [data.record({ speech: SPEECH }), data.record({ speech: SPEECH })].map(({ id }) => id);
  const bad = newRecordingId();
  mkdirSync(join(data.recordingsDirectory, bad));
  writeFileSync(join(data.recordingsDirectory, bad, "recording.json"), "what?");
  mkdirSync(join(data.recordingsDirectory, "my own folder"));
  await using start = await Start.on(data);
  const { recovered, quarantined } = await start.recovery.done;
  assert.deepEqual([...recovered].sort(), [...good].sort());
  const place = join(data.dataDirectory, "quarantine", `${bad}-1`);
  assert.deepEqual(
    quarantined.map(({ id, place }) => [id, place]),
    [[bad, place]],
  );
  assert.equal(readFileSync(join(place, "recording.json"), "utf8"), "what?");
  assert.ok(
    existsSync(join(data.recordingsDirectory, "my own folder")),
    "what has no id's name is none of ours",
  );
});

test("a recording that begins meanwhile is not touched", options, async () => {
  using data = new LeftBehind();
  for (let count = 0; count < 5; count++) data.record({ speech: SPEECH });
  await using start = await Start.on(data);
  const running = data.record({ speech: SPEECH });
  const before = readFileSync(join(running.directory, "recording.json"), "utf8");
  assert.equal((await start.recovery.done).recovered.length, 5);
  assert.equal(readFileSync(join(running.directory, "recording.json"), "utf8"), before);
});

test("people are told once, by whichever start can", options, async () => {
  using data = new LeftBehind();
  const { id } = data.record({ speech: SPEECH });
  {
    await using unreachable = await Start.on(data);
    await unreachable.recovery.done;
  }
  const told: string[] = [];
  const asked: string[] = [];
  for (let round = 0; round < 3; round++) {
    await using start = await Start.on(data);
    start.recovery.tellPeople(async (manifest) => {
      asked.push(manifest.id);
      if (round === 0) throw new Error("Discord is away");
      told.push(manifest.id);
    });
    await start.recovery.done;
    if (round === 0) await until(() => asked.length === 1);
    if (round === 1) await until(async () => !(await start.storage.isUntold(id)));
  }
  assert.deepEqual(told, [id]);
});

test("a folder that the disk refuses is kept and tried again at the next start", options, async () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  // A folder stands where a file should be: reading it fails, for root too.
  const track = join(left.directory, "tracks", "01-100001.wav");
  renameSync(track, `${track}.mine`);
  mkdirSync(track);
  {
    await using start = await Start.on(data);
    const { kept } = await start.recovery.done;
    assert.deepEqual(
      kept.map(({ id }) => id),
      [left.id],
    );
    assert.equal(manifestIn(left).state, "recording");
  }
  rmSync(track, { recursive: true });
  renameSync(`${track}.mine`, track);
  await using start = await Start.on(data);
  assert.deepEqual((await start.recovery.done).recovered, [left.id]);
});

test("a recording that may go on waits for none of those that are recovered", options, async () => {
  using data = new LeftBehind();
  const startedAtMs = Date.now() - 20_000;
  const changes = { state: "recording", startedAtMs } as const;
  const older = Array.from({ length: 8 }, () => data.record({ speech: SPEECH, changes }));
  const longAgoS = startedAtMs / 1_000 - 3_600;
  for (const { directory } of older)
    for (const file of [
      "recording.json",
      "events.ndjson",
      ...readdirSync(join(directory, "tracks")).map((name) => join("tracks", name)),
    ])
      utimesSync(join(directory, file), longAgoS, longAgoS);
  const { id } = data.record({ speech: SPEECH, changes });
  await using start = await Start.on(data, async () => {}, 60_000);
  let known = false;
  const wentOn = start.recovery.wentOn().then(() => (known = true));
  const states: string[] = [];
  start.recovery.goOnWith(async ({ manifest }) => {
    assert.equal(manifest.id, id);
    assert.ok(!known, "whether it goes on is being found out");
    states.push(...older.map((left) => manifestIn(left).state));
    return true;
  });
  await wentOn;
  assert.deepEqual(new Set(states), new Set(["recording"]));
  assert.equal((await start.recovery.done).recovered.length, older.length);
});
