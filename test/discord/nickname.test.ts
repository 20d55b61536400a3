import assert from "node:assert/strict";
import { test } from "node:test";
import { formerNickname, isRecordingNickname, recordingNickname } from "../../src/discord/nickname.ts";

test("the sign stands before the name, and taking it away gives the nickname back", () => {
  assert.equal(recordingNickname("Scribe"), "[REC] Scribe");
  assert.equal(formerNickname("[REC] Scribe", "Recorder"), "Scribe");
  assert.ok(isRecordingNickname("[REC] Scribe"));
  for (const other of ["Scribe", "", null, undefined, "[rec] Scribe"]) assert.ok(!isRecordingNickname(other));
});

test("the user name with the sign was no nickname", () => {
  assert.equal(formerNickname("[REC] Recorder", "Recorder"), null);
  const long = "A recorder with a very long name!";
  assert.equal(formerNickname(recordingNickname(long), long), null, "even when it was cut");
  assert.equal(formerNickname("[REC]", "Recorder"), null);
});

test("a name is cut to Discord's 32 characters, never inside a surrogate pair", () => {
  assert.equal(recordingNickname("x".repeat(40)), `[REC] ${"x".repeat(26)}`);
  const emoji = recordingNickname(`${"x".repeat(25)}🎧🎧`);
  assert.equal(emoji, `[REC] ${"x".repeat(25)}`);
  assert.ok(emoji.isWellFormed());
});

test("the sign is never put up twice", () => {
  assert.equal(recordingNickname("[REC] Scribe"), "[REC] Scribe");
});
