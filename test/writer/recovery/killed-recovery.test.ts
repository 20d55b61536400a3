import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LeftRecording } from "../../../src/recordings/recovery-stage.ts";
import { recoverFolder } from "../../../src/writer/recovery/recover-folder.ts";
import { STARTED_AT_MS } from "../recording-setup.ts";
import { onDyingDisk } from "./dying-disk.ts";
import { digestsOf, LeftBehind, manifestIn, STARTED, trackPath } from "./left-behind.ts";

/** Recovers in a process of its own, which is killed in the middle. */
async function recoverAndKill(left: LeftRecording, at: number): Promise<void> {
  const script = fileURLToPath(new URL("recovery-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(left), String(at)], { stdio: "inherit" });
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGKILL");
}

/** What a bad day leaves: torn events, drafts, a lost header, a file nobody knows of, somebody without a file. */
function leaveMuch(data: LeftBehind): LeftRecording {
  const left = data.record({
    speech: [
      { track: 1, position: 0, frames: 30 },
      { track: 2, position: 9_600, frames: 50 },
      { track: 3, position: 4_800, frames: 5 },
    ],
    names: { 1: "Zoë" },
    known: [{ track: 1, userId: "100001", name: "Zoë" }],
    events: [STARTED, { atMs: STARTED_AT_MS, position: 960, kind: "track", track: 4, userId: "100004" }],
  });
  fs.appendFileSync(path.join(left.directory, "events.ndjson"), '{"atMs":17,"ki');
  fs.writeFileSync(path.join(left.directory, "recording.json.tmp"), "half");
  const headless = trackPath(left, "03-100003.wav");
  const bytes = fs.readFileSync(headless);
  bytes.fill(0, 0, 4_096);
  fs.writeFileSync(headless, bytes);
  return left;
}

/** Ends it at every change of the disk, also in the middle of each write, and wants the same bytes after a second run. */
async function endEverywhere(leave: (data: LeftBehind) => LeftRecording): Promise<void> {
  using data = new LeftBehind();
  const original = leave(data);
  let copies = 0;
  const copy = (): LeftRecording => {
    const directory = path.join(data.dataDirectory, String(++copies), original.id);
    fs.cpSync(original.directory, directory, { recursive: true });
    return { ...original, directory };
  };
  const undisturbed = copy();
  const { changes } = onDyingDisk(undefined, () => recoverFolder(undisturbed));
  assert.ok(changes > 20, `${changes} changes of the disk`);
  const expected = digestsOf(undisturbed.directory);
  assert.equal(manifestIn(undisturbed).recovered, true);

  for (let at = 1; at <= changes; at++) {
    for (const how of ["clean", "torn", "killed"] as const) {
      const left = copy();
      if (how !== "killed") assert.ok(onDyingDisk({ at, how }, () => recoverFolder(left)).died, "it ended");
      // A process for each would take a minute, and does the same.
      else if (at % 8 === 0) await recoverAndKill(left, at);
      const half = digestsOf(left.directory);
      recoverFolder(left);
      assert.deepEqual(digestsOf(left.directory), expected, JSON.stringify({ at, how, half }));
      fs.rmSync(path.dirname(left.directory), { recursive: true });
    }
  }
}

test(
  "a recovery killed at any change of the disk leaves the same bytes once it is run again",
  { timeout: 180_000 },
  () => endEverywhere(leaveMuch),
);

test("so does one that has to make the manifest anew", { timeout: 180_000 }, () =>
  endEverywhere((data) => {
    const left = data.record({ speech: [{ track: 1, position: 0, frames: 10 }] });
    fs.writeFileSync(path.join(left.directory, "recording.json"), '{"version":');
    return left;
  }),
);
