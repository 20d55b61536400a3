import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../../src/config.ts";

function faultsOf(environment: Record<string, string>): Record<string, string> {
  const result = readConfig(environment);
  assert.ok(!result.ok, "the configuration was accepted");
  return Object.fromEntries(result.faults.map((fault) => [fault.variable, fault.problem]));
}

const malformed: Record<string, string> = {
  DISCORD_TOKEN: "not a token",
  DISCORD_TOKEN_FILE: "/nowhere/token",
  DISCORD_API_URL: "discord.com",
  DATA_DIR: "da\0ta",
  PUBLIC_URL: "ftp://example.org",
  HTTP_HOST: "not an address!",
  HTTP_PORT: "80800",
  LINK_SECRET: "short",
  RETENTION_DAYS: "a month",
  REDIS_URL: "http://localhost",
  DATABASE_URL: "mysql://localhost/x",
  ROLES: "bot,cook",
  LOG_LEVEL: "loud",
  ANNOUNCEMENT: "maybe",
  QUEUE_SLOTS: "3000",
  DISK_RESERVE_MB: "-1",
};

for (const [variable, value] of Object.entries(malformed)) {
  test(`a malformed ${variable} is named, with what to do`, () => {
    const faults = faultsOf({ [variable]: value });
    assert.deepEqual(Object.keys(faults), [variable]);
    assert.match(faults[variable] ?? "", /must|is not|cannot|leave it out/);
  });
}

test("every fault is reported at once", () => {
  // DISCORD_TOKEN wins over DISCORD_TOKEN_FILE, which is not even read then.
  const { DISCORD_TOKEN: _token, ...rest } = malformed;
  assert.deepEqual(Object.keys(faultsOf(rest)).sort(), Object.keys(rest).sort());
});

test("a database that this version cannot use is refused, not ignored", () => {
  const faults = faultsOf({ DATABASE_URL: "postgres://localhost/recorder", ROLES: "x" });
  assert.deepEqual(Object.keys(faults).sort(), ["DATABASE_URL", "ROLES"]);
  assert.match(faults["DATABASE_URL"] ?? "", /not supported yet/);
});

test("a Redis for the jobs is taken as it is written, and absent when none is", () => {
  for (const url of ["redis://localhost", "rediss://user:p%40ss@redis.example.org:6380/2"]) {
    const result = readConfig({ REDIS_URL: url });
    assert.ok(result.ok);
    assert.equal(result.config.redisUrl, url);
  }
  for (const url of ["localhost:6379", "redis", "https://localhost"])
    assert.match(faultsOf({ REDIS_URL: url })["REDIS_URL"] ?? "", /must be a redis/);
  const bare = readConfig({});
  assert.ok(bare.ok);
  assert.equal(bare.config.redisUrl, undefined);
});

test("an address with a query, and port 0, would make links that lead nowhere", () => {
  const faults = faultsOf({ PUBLIC_URL: "https://example.org/?a=1", HTTP_PORT: "0" });
  assert.deepEqual(Object.keys(faults).sort(), ["HTTP_PORT", "PUBLIC_URL"]);
});

test("an address that only some programs would understand, or with a password in it, is refused", () => {
  for (const variable of ["PUBLIC_URL", "DISCORD_API_URL"]) {
    for (const url of [
      "https:rec.example.org",
      "https:/rec.example.org",
      "http:\\\\rec.example.org",
      "https:///rec.example.org",
      "https://rec.example.org\\r",
      "https://",
      "rec.example.org:8080",
    ])
      assert.match(faultsOf({ [variable]: url })[variable] ?? "", /must be an http:\/\/ or https:\/\//, url);
    for (const url of ["https://user:pw@rec.example.org", "http://user@rec.example.org"]) {
      const fault = faultsOf({ [variable]: url })[variable] ?? "";
      assert.match(fault, /must have no user and no password/, url);
      assert.doesNotMatch(fault, /pw|user@/, "no secret is shown");
    }
  }
  for (const url of ["https://rec.example.org", "HTTP://rec:8080/a@b", "http://[::1]:8080"]) {
    const result = readConfig({ PUBLIC_URL: url });
    assert.ok(result.ok, url);
    assert.equal(result.config.publicUrl, url);
  }
});

test("what a shell would have replaced in DATA_DIR is refused: it would be a folder of that name", () => {
  for (const path of ["~/recordings", "~", "~zoe/recordings", "$HOME/recordings", "${HOME}/recordings"])
    assert.match(
      faultsOf({ DATA_DIR: path })["DATA_DIR"] ?? "",
      /only a shell replaces: write the whole path/,
    );
  for (const path of ["./~recordings", "/srv/~recordings", "recordings~"])
    assert.ok(readConfig({ DATA_DIR: path }).ok, path);
});

test("an empty variable counts as absent", () => {
  const result = readConfig(Object.fromEntries(Object.keys(malformed).map((name) => [name, ""])));
  assert.ok(result.ok);
  assert.equal(result.config.httpPort, 8080);
  assert.equal(result.config.publicUrl, "http://localhost:8080");
  assert.equal(result.config.queueSlots, undefined);
  assert.deepEqual(result.config.roles, ["bot", "web", "jobs"]);
});

test("the token can come from a file", () => {
  const file = join(mkdtempSync(join(tmpdir(), "recorder-config-")), "token");
  writeFileSync(file, "aaa.bbb.ccc\n");
  const result = readConfig({ DISCORD_TOKEN_FILE: file });
  assert.ok(result.ok);
  assert.equal(result.config.token, "aaa.bbb.ccc");
});
