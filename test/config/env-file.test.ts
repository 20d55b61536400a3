import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { isKnownName, nearestName } from "../../src/env-names.ts";
import { cleanEnvironment } from "../support/bot-process.ts";

const source = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const OPTIONS = { timeout: 120_000 };
const TOKEN = "MTIz.simul.abcdefghijklmnopqrstuvwxyz0";

/** A working directory of its own, with a `.env`. */
function folderWith(env: string | Buffer | undefined): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "env-file-"));
  if (env !== undefined) writeFileSync(join(path, ".env"), env);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Runs a program of ours there; `environment` besides. */
function run(cwd: string, program: string, environment: Readonly<Record<string, string>> = {}) {
  const env = { ...cleanEnvironment(), ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [source(program)], {
    cwd,
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, text: stdout + stderr, flat: (stdout + stderr).replaceAll(/\s+/g, " ") };
}

const start = (cwd: string, environment?: Readonly<Record<string, string>>) =>
  run(cwd, "src/main.ts", environment);
const doctor = (cwd: string, environment?: Readonly<Record<string, string>>) =>
  run(cwd, "src/doctor/doctor.ts", environment);

test("a byte order mark takes no line away, and the environment wins over the file", OPTIONS, () => {
  using folder = folderWith("\uFEFFHTTP_PORT=none\r\nLOG_LEVEL=loud\r\nDATA_DIR=./here\r\n");
  const { status, text } = start(folder.path, { LOG_LEVEL: "silent" });
  assert.equal(status, 78);
  assert.match(text, /^ +HTTP_PORT must be/m);
  assert.doesNotMatch(text, /LOG_LEVEL|Not all of/);
});

test(
  "lines of .env that nobody uses are named at the start, with what is meant, and no secret",
  OPTIONS,
  () => {
    using folder = folderWith(
      [
        "# a comment",
        `DISCORD_TOKE=${TOKEN}`,
        "PORT=9000",
        `DISCORD_TOKEN: ${TOKEN}`,
        `DISCORD_TOKEN: ${TOKEN}==`,
        TOKEN,
        "TZ=Europe/Berlin",
        "COMPOSE_PROJECT_NAME=mine",
        "LINK_SECRET='a secret",
        "on lines of its own, all of which",
        "are used'",
        "MY_OTHER_PROGRAM=1",
        "NODE_EXTRA_CA_CERTS=/some/ca.pem",
      ].join("\n"),
    );
    const { status, text, flat } = start(folder.path);
    assert.equal(status, 78, "there is no token");
    const [, told = ""] = /^Not all of \S+\.env is used:\n((?: +line .*\n)+)/m.exec(text) ?? [];
    assert.deepEqual(told.trimEnd().split("\n"), [
      "  line 2: DISCORD_TOKE is known to nobody. Did you mean DISCORD_TOKEN?",
      "  line 3: PORT is known to nobody. Did you mean HTTP_PORT?",
      "  line 4: this is not NAME=value. Write DISCORD_TOKEN=value there.",
      "  line 5: this is not NAME=value. Write DISCORD_TOKEN=value there.",
      "  line 6: this is not NAME=value. Write NAME=value there.",
      "  line 12: MY_OTHER_PROGRAM is known to nobody.",
      "  line 13: NODE_EXTRA_CA_CERTS comes too late for Node, unless with Docker. Set it in the environment: NODE_EXTRA_CA_CERTS=… npm start",
    ]);
    assert.match(flat, /DISCORD_TOKEN is not set\. \S+\.env has been read, and does not set it\./);
    const found = doctor(folder.path, { ROLES: "jobs", DATA_DIR: join(folder.path, "data") });
    assert.equal(found.status, 1);
    assert.match(
      found.flat,
      /WRONG \S+\.env, line 2: DISCORD_TOKE is known to nobody\. → Did you mean DISCORD_TOKEN/,
    );
    assert.match(found.flat, /note \S+\.env, line 12: MY_OTHER_PROGRAM is known to nobody/);
    assert.match(found.flat, /WRONG \S+\.env, line 13: NODE_EXTRA_CA_CERTS comes too late/);
    assert.match(found.flat, /6 things are wrong/);
    for (const said of [text, found.text]) assert.doesNotMatch(said, /simul|MTIz/, "no secret is shown");
  },
);

test("what the environment has in time is no matter for a word", OPTIONS, () => {
  using folder = folderWith("NODE_EXTRA_CA_CERTS=/etc/hostname\n");
  writeFileSync(join(folder.path, "ca.pem"), "");
  const { text } = start(folder.path, { NODE_EXTRA_CA_CERTS: join(folder.path, "ca.pem") });
  assert.doesNotMatch(text, /Not all of/);
});

test("without a token it is said whether a .env was read, and which", OPTIONS, () => {
  const expectations = [
    [undefined, {}, /There is no file \S+\.env\./],
    ["DISCORD_TOKEN=\n", {}, /\.env has been read, and DISCORD_TOKEN is empty there\./],
    [
      `DISCORD_TOKEN=${TOKEN}\n`,
      { DISCORD_TOKEN: "" },
      /the environment has an empty DISCORD_TOKEN, and wins\./,
    ],
  ] as const;
  for (const [env, environment, said] of expectations) {
    using folder = folderWith(env);
    const { status, flat } = start(folder.path, environment);
    assert.equal(status, 78, flat);
    assert.match(flat, said);
    assert.ok(flat.includes(join(folder.path, ".env")), "with its whole path");
  }
});

test("a .env that cannot be read is said in words, exit 78, and found by the doctor", OPTIONS, () => {
  using folder = folderWith(undefined);
  using linked = folderWith(undefined);
  mkdirSync(join(folder.path, ".env"));
  symlinkSync(join(linked.path, "nowhere"), join(linked.path, ".env"));
  using utf16 = folderWith(Buffer.from(`\uFEFFDISCORD_TOKEN=${TOKEN}\r\n`, "utf16le"));
  for (const [cwd, said] of [
    [folder.path, /\.env cannot be read: it is a folder\. Rename that folder/],
    [linked.path, /\.env cannot be read: ENOENT/],
    [utf16.path, /\.env is not a text in UTF-8\. Save it anew/],
  ] as const) {
    const { status, text } = start(cwd);
    assert.equal(status, 78, text);
    assert.match(text, said);
    assert.match(text, /\(E-ENV-FILE\)/);
    assert.doesNotMatch(text, /\n\s+at /, "a stack trace is no message for people");
  }
  const found = doctor(folder.path, { ROLES: "jobs", DATA_DIR: join(folder.path, "data") });
  assert.equal(found.status, 1);
  assert.match(found.flat, /WRONG \S+\.env cannot be read: it is a folder\. \(E-ENV-FILE\) → Rename/);
  assert.match(found.text, /One thing is wrong/, "and it goes on");
});

test("every name in .env.example and docker-compose.yml is known", () => {
  const names = new Set([
    ...Object.keys(
      parseEnv(readFileSync(source(".env.example"), "utf8").replaceAll(/^# (?=[A-Z_]+=)/gm, "")),
    ),
    ...[...readFileSync(source("docker-compose.yml"), "utf8").matchAll(/\$\{([A-Z_]+)/g)].map(
      ([, name = ""]) => name,
    ),
  ]);
  assert.ok(names.size > 15, [...names].join());
  for (const name of names) assert.ok(isKnownName(name), name);
});

test("a name that nobody knows is told from ours by its spelling or its words", () => {
  const expectations: Readonly<Record<string, string | undefined>> = {
    DISCORD_TOKE: "DISCORD_TOKEN",
    discord_token: "DISCORD_TOKEN",
    DISCORDTOKEN: "DISCORD_TOKEN",
    BOT_TOKEN: "DISCORD_TOKEN",
    TOKEN: "DISCORD_TOKEN",
    PORT: "HTTP_PORT",
    HOST: "HTTP_HOST",
    DATA_FOLDER: "DATA_DIR",
    RETENTION_DAY: "RETENTION_DAYS",
    LOGLEVEL: "LOG_LEVEL",
    ROLE: "ROLES",
    URL: undefined,
    CLIENT_ID: undefined,
    POSTGRES_PASSWORD: undefined,
  };
  for (const [name, nearest] of Object.entries(expectations)) {
    assert.equal(isKnownName(name), false, name);
    assert.equal(nearestName(name), nearest, name);
  }
});
