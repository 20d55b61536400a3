import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call } from "../support/call.ts";
import { startRecording } from "./recorded-tones.ts";

/** The package in another folder: away from a developer's own .env. */
function packageFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "recorder-package-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = fileURLToPath(new URL("../../", import.meta.url));
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  for (const name of ["src", "node_modules"]) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

for (const signal of ["SIGTERM", "SIGINT"] as const)
  test(
    `${signal} to npm start alone finishes the recording, and leaves nobody behind`,
    { timeout: 180_000 },
    async (t) => {
      const folder = packageFolder(t);
      await using call = await Call.start({
        dave: false,
        spawn: (environment) => BotProcess.npmStart(environment, folder),
      });
      const anna = call.addHost("Anna");
      await anna.join();
      await startRecording(call, anna);
      await anna.say(toneSpeech(450, 1));
      const ended = once(call.bot.child, "exit");
      call.bot.child.kill(signal);
      const [code] = await ended;
      await assert.rejects(fetch(`${call.bot.baseUrl}/healthz`), "the bot ended before npm");
      assert.equal(code, 0, call.bot.output);
      assert.equal(call.manifest.state, "finished");
      assert.equal(call.manifest.tracks.length, 1);
      assert.doesNotMatch(call.discord.botNickname ?? "", /\[REC\]/);
    },
  );
