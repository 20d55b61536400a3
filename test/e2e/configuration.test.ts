import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { BotProcess } from "../support/bot-process.ts";
import { freePort } from "../support/free-port.ts";

const DEADLINE = { timeout: 180_000 };
const dataDir = () => mkdtempSync(join(tmpdir(), "recorder-data-"));

/** Starts the bot where it must refuse; gives what it printed. */
async function refusal(environment: Record<string, string>): Promise<string> {
  const bot = await BotProcess.spawn({ DATA_DIR: dataDir(), ...environment });
  const exit = await bot.exit();
  assert.equal(exit.code, 78, exit.stdout + exit.stderr);
  return exit.stderr;
}

test("without a token the bot explains how to make one and exits 78", DEADLINE, async () => {
  const text = await refusal({});
  assert.match(text, /DISCORD_TOKEN is not set/);
  assert.match(text, /GuildVoiceStates/);
  assert.match(text, /Change Nickname/);
  assert.match(text, /oauth2\/authorize\?client_id=\S+permissions=70257664/);
  assert.match(text, /npm run demo/);
});

test("a malformed configuration is refused with every fault at once, exit 78", DEADLINE, async () => {
  const text = await refusal({ DISCORD_TOKEN: "nonsense", HTTP_PORT: "none", PUBLIC_URL: "example.org" });
  for (const variable of ["DISCORD_TOKEN", "HTTP_PORT", "PUBLIC_URL"])
    assert.match(text, new RegExp(`^ *${variable} `, "m"));
  assert.doesNotMatch(text, /\n\s+at /, "a stack trace is no message for people");
});

test("a token that Discord refuses is named, exit 78", DEADLINE, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const text = await refusal({ ...discord.environment, DISCORD_TOKEN: "d3Jvbmc.token.entirely" });
  assert.match(text, /E-TOKEN/);
  assert.doesNotMatch(text, /d3Jvbmc\.token\.entirely/, "a token is never printed, not even a wrong one");
});

test("a port in use is named with the variable that changes it, exit 78", DEADLINE, async () => {
  const port = await freePort();
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  try {
    await using discord = await SimulatedDiscord.start({ dave: false });
    const text = await refusal({ ...discord.environment, HTTP_PORT: String(port) });
    assert.match(text, /E-PORT/);
    assert.match(text, /HTTP_PORT/);
  } finally {
    other.close();
  }
});

test("a data folder that cannot be written is named, exit 78", DEADLINE, async () => {
  const file = join(dataDir(), "a-file");
  writeFileSync(file, "");
  await using discord = await SimulatedDiscord.start({ dave: false });
  const text = await refusal({ ...discord.environment, DATA_DIR: join(file, "data") });
  assert.match(text, /E-DATA-DIR/);
  assert.match(text, /DATA_DIR/);
});
