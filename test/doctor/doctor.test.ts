import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PermissionFlagsBits } from "discord-api-types/v10";
import { Catalog } from "../../src/recordings/catalog.ts";
import { lockInstance } from "../../src/recordings/instance-lock.ts";
import { BOT_PERMISSIONS } from "../simulator/permissions.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { cleanEnvironment } from "../support/bot-process.ts";
import { freePort } from "../support/free-port.ts";
import { withoutPrivileges } from "../support/without-privileges.ts";
import { readWithWavefile } from "../support/wav-readers.ts";
import { LeftBehind, manifestIn, trackPath } from "../writer/recovery/left-behind.ts";

const DEADLINE = { timeout: 180_000 };
const DOCTOR = fileURLToPath(new URL("../../src/doctor/doctor.ts", import.meta.url));
/** Of the right form, and known to nobody. */
const TOKEN = "d3Jvbmc.token.entirely";
const SPEECH = [
  { track: 1, position: 0, frames: 50 },
  { track: 2, position: 24_000, frames: 50 },
];

/** Runs it as `npm run doctor` does, with the rights of an ordinary user. */
async function doctor(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  const HTTP_PORT = String(await freePort());
  const env = { ...cleanEnvironment(), HTTP_HOST: "127.0.0.1", HTTP_PORT, ...environment };
  const options = { env, cwd: tmpdir(), timeout: 180_000 };
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; text: string }>();
  const [command, ...words] = withoutPrivileges(process.execPath, [DOCTOR, ...args]);
  execFile(command, words, options, (error, stdout, stderr) => {
    if (stderr !== "") reject(new Error(stderr));
    else resolve({ code: typeof error?.code === "number" ? error.code : 0, text: stdout });
  });
  const result = await promise;
  // Paths and addresses are not broken; everything else fits a terminal.
  for (const line of result.text.split("\n")) if (!line.includes("/")) assert.ok(line.length <= 80, line);
  return result;
}

/** The text without its line breaks, for sentences that are broken. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

test("a recorder that is all right: nothing is wrong, exit 0", DEADLINE, async () => {
  using data = new LeftBehind();
  await using discord = await SimulatedDiscord.start({ dave: false });
  const { code, text } = await doctor({ ...discord.environment, DATA_DIR: data.dataDirectory });
  assert.equal(code, 0, text);
  assert.match(text, /\nNothing is wrong\.\n$/);
  assert.match(text, /ok +Discord knows the bot as/);
  assert.match(text, /may do all it needs/);
  assert.deepEqual(readdirSync(data.dataDirectory), ["recordings"], "it leaves nothing behind");
  assert.deepEqual(discord.problems, []);
});

test("every fault of the configuration is told, each with what to do, exit 1", DEADLINE, async () => {
  const { code, text } = await doctor({ DISCORD_TOKEN: "nonsense", HTTP_PORT: "none" });
  assert.equal(code, 1);
  for (const variable of ["DISCORD_TOKEN", "HTTP_PORT"])
    assert.match(text, new RegExp(`^WRONG ${variable} `, "m"));
  assert.match(text, /2 things are wrong/);
  assert.equal(text.match(/→/g)?.length, 1, "what to do is the same, and said once");
});

test("a token that Discord refuses, and a Discord that is not there, are told apart", DEADLINE, async () => {
  using data = new LeftBehind();
  await using discord = await SimulatedDiscord.start({ dave: false });
  const DATA_DIR = data.dataDirectory;
  const refused = await doctor({ ...discord.environment, DISCORD_TOKEN: TOKEN, DATA_DIR });
  assert.match(flat(refused.text), /WRONG Discord does not accept DISCORD_TOKEN\. → Copy the token anew/);
  const DISCORD_API_URL = `http://127.0.0.1:${await freePort()}/api`;
  const absent = await doctor({ DISCORD_TOKEN: TOKEN, DISCORD_API_URL, DATA_DIR });
  assert.match(flat(absent.text), /WRONG Discord cannot be reached at .*ECONNREFUSED/);
  for (const { code, text } of [refused, absent]) {
    assert.equal(code, 1);
    assert.ok(!text.includes(TOKEN), "no secret is shown");
  }
});

test("what the bot may not do in a server is named", DEADLINE, async () => {
  using data = new LeftBehind();
  await using discord = await SimulatedDiscord.start({ dave: false });
  const look = () => doctor({ ...discord.environment, DATA_DIR: data.dataDirectory });
  const { Connect, Speak, SendMessages, ChangeNickname } = PermissionFlagsBits;
  const expectations = [
    [Connect | Speak, /WRONG In .* it may not: Connect, Speak\./, 1],
    [SendMessages | ChangeNickname, /it may neither Send Messages nor Change Nickname/, 1],
    [ChangeNickname, /note In .* it may not: Change Nickname\./, 0],
  ] as const;
  for (const [missing, said, code] of expectations) {
    discord.setBotPermissions(BOT_PERMISSIONS & ~missing);
    const found = await look();
    assert.match(flat(found.text), said);
    assert.equal(found.code, code);
  }
});

test("a disk without room is found", DEADLINE, async () => {
  using data = new LeftBehind();
  const full = await doctor({ DATA_DIR: data.dataDirectory, ROLES: "web", DISK_RESERVE_MB: "99999999" });
  assert.equal(full.code, 1);
  assert.match(flat(full.text), /WRONG .* MB are free .* recordings are refused\. → Free some space/);
});

test("a DATA_DIR that cannot be used is found, and looked at no further", DEADLINE, async () => {
  using data = new LeftBehind();
  const closed = join(data.dataDirectory, "closed");
  mkdirSync(closed, { mode: 0o000 });
  for (const [directory, said] of [
    [join(closed, "below"), /WRONG \S+closed may not be entered by the user \S+\. → Let DATA_DIR name/],
    ["/proc/recordings", /WRONG \/proc\/recordings cannot be made: .* → Make it and give/],
  ] as const) {
    const { code, text } = await doctor({ DATA_DIR: directory, ROLES: "web" });
    assert.equal(code, 1, text);
    assert.match(flat(text), said);
    assert.match(text, /One thing is wrong/);
    assert.doesNotMatch(text, /catalog|finished recording/i, "nothing is told of what was not seen");
  }
  const { code, text } = await doctor({ DATA_DIR: join(data.dataDirectory, "new", "one"), ROLES: "web" });
  assert.equal(code, 0, text);
  assert.match(flat(text), /one will be made at the first start/);
  assert.deepEqual(
    readdirSync(data.dataDirectory).sort(),
    ["closed", "recordings"],
    "it leaves nothing behind",
  );
});

test("what another user made in DATA_DIR is found, and no check ends the doctor", DEADLINE, async () => {
  using data = new LeftBehind();
  await (await Catalog.open(data.dataDirectory)).close();
  const catalog = join(data.dataDirectory, "catalog.sqlite");
  chmodSync(catalog, 0o444);
  const readOnly = await doctor({ DATA_DIR: data.dataDirectory, ROLES: "web" });
  assert.equal(readOnly.code, 1);
  assert.match(flat(readOnly.text), /WRONG \S+catalog\.sqlite cannot be read and written by/);
  chmodSync(catalog, 0o644);
  writeFileSync(join(data.dataDirectory, "link-secret"), "short");
  // No check of rights foresees this one.
  const quarantine = join(data.dataDirectory, "quarantine");
  mkdirSync(quarantine, { mode: 0o000 });
  const closed = await doctor({ DATA_DIR: data.dataDirectory, ROLES: "web" });
  assert.equal(closed.code, 1);
  assert.match(flat(closed.text), /WRONG What is recorded cannot be looked at: EACCES.* → See to what/);
  assert.match(flat(closed.text), /WRONG The secret for links in .* too short.* \(E-LINK-SECRET\)/);
  assert.match(closed.text, /ok +The web server can listen/, "it goes on");
});

test("where npm start could not listen, the doctor says so and what to do", DEADLINE, async () => {
  using data = new LeftBehind();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  const taken = { DATA_DIR: data.dataDirectory, HTTP_PORT: String(address.port) };
  try {
    const strange = await doctor({ DATA_DIR: data.dataDirectory, ROLES: "web", HTTP_HOST: "192.0.2.1" });
    assert.match(
      flat(strange.text),
      /WRONG .* 192\.0\.2\.1, .* no address of this machine\. → Leave HTTP_HOST/,
    );
    assert.equal(strange.code, 1);
    const bot = await doctor({ ...taken, ROLES: "bot,web" });
    assert.match(flat(bot.text), /WRONG .* another program does\. → Stop that one, or set HTTP_PORT/);
    const web = await doctor({ ...taken, ROLES: "web" });
    assert.match(
      flat(web.text),
      /note .* another program does\. → Nothing is to be done if that is the recorder/,
    );
    const jobs = await doctor({ ...taken, ROLES: "jobs" });
    assert.doesNotMatch(jobs.text, /listen/, "jobs listen nowhere");
    using _bot = lockInstance(data.dataDirectory);
    const own = await doctor({ ...taken, ROLES: "web" });
    assert.match(own.text, /ok +Port \d+ is in use, by the recorder/);
    assert.equal(own.code, 0, own.text);
  } finally {
    other.close();
  }
});

test("what a dead process left is found, and --repair brings it to its end", DEADLINE, async () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  const senseless = "A".repeat(22);
  mkdirSync(join(data.recordingsDirectory, senseless));
  writeFileSync(join(data.recordingsDirectory, senseless, "recording.json"), "?");
  writeFileSync(join(data.dataDirectory, "catalog.sqlite"), "a poem about a database".repeat(500));
  const environment = { DATA_DIR: data.dataDirectory, ROLES: "web" };

  const found = await doctor(environment);
  assert.equal(found.code, 1);
  assert.match(flat(found.text), /WRONG The catalog is damaged/);
  assert.match(flat(found.text), /WRONG 1 recording is unfinished: .* --repair, now\./);
  assert.match(flat(found.text), /3 things are wrong/);
  assert.equal(manifestIn(left).state, "recording", "it only looks");

  const mended = await doctor(environment, "--repair");
  assert.equal(mended.code, 0, mended.text);
  assert.match(mended.text, /Recovered: /);
  assert.match(flat(mended.text), /Moved aside to \S+quarantine/);
  const manifest = manifestIn(left);
  assert.equal(manifest.state, "finished");
  for (const { file = "" } of manifest.tracks)
    assert.equal(readWithWavefile(trackPath(left, file)).samples, 24_000 + 48_000);
  {
    await using catalog = await Catalog.open(data.dataDirectory);
    assert.deepEqual(await catalog.find(left.id), manifest);
    const jobs = await catalog.database.selectFrom("jobs").select("id").orderBy("id").execute();
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [`archive-${left.id}`, `finish-${left.id}`],
    );
  }
  const after = await doctor(environment);
  assert.equal(after.code, 0, after.text);
  assert.match(flat(after.text), /was moved aside, because nobody could tell/);
});

test(
  "--repair refuses while a bot runs on the folder, and says so; looking is allowed",
  DEADLINE,
  async () => {
    using data = new LeftBehind();
    const left = data.record({ speech: SPEECH });
    using _bot = lockInstance(data.dataDirectory);
    const environment = { DATA_DIR: data.dataDirectory, ROLES: "web" };
    const refused = await doctor(environment, "--repair");
    assert.equal(refused.code, 1);
    assert.match(refused.text, /E-DATA-DIR-IN-USE/);
    assert.equal(manifestIn(left).state, "recording");
    const looked = await doctor(environment);
    assert.equal(looked.code, 0, looked.text);
    assert.match(looked.text, /1 recording is running/);
  },
);

test("an argument it does not know is answered with those it knows", DEADLINE, async () => {
  const { code, text } = await doctor({}, "--fix");
  assert.equal(code, 1);
  assert.match(text, /--repair/);
});
