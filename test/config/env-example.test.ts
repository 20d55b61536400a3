import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { readConfig } from "../../src/config.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const example = read(".env.example");

/** Set or commented out. */
const explained = new Set([...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map((line) => line[1] ?? ""));

const [, configuration = ""] = read("README.md").split(/^## Configuration$/m);

/** The first column of the README's table of variables. */
const documented = new Set(
  [
    ...configuration
      .split(/^## /m, 1)
      .join("")
      .matchAll(/^\| (`[A-Z_]+`[^|]*)\|/gm),
  ].flatMap((row) => [...(row[1] ?? "").matchAll(/`([A-Z_]+)`/g)].map((name) => name[1] ?? "")),
);

/** Not the recorder's own: Node's, the image's and Compose's. */
const OTHERS = ["NODE_EXTRA_CA_CERTS", "WITH_FFMPEG", "COMPOSE_PROFILES"];

test(".env.example explains every variable that the README lists, and no others", () => {
  assert.ok(documented.size > 10, [...documented].join());
  assert.deepEqual([...explained].sort(), [...documented, ...OTHERS].sort());
});

test(".env.example, with nothing but a token filled in, is a configuration", () => {
  const result = readConfig({
    ...parseEnv(example),
    DISCORD_TOKEN: "MTIz.simul.abcdefghijklmnopqrstuvwxyz0",
  });
  assert.ok(result.ok, JSON.stringify(result));
});

test("what .env.example shows as defaults are the defaults", () => {
  const shown = parseEnv(
    example.replace(
      /^# (?=(?:RETENTION_DAYS|ANNOUNCEMENT|DISK_RESERVE_MB|RESUME_SECONDS|ROLES|LOG_LEVEL|HTTP_HOST|HTTP_PORT|DATA_DIR|DISCORD_API_URL|FFMPEG_PATH)=)/gm,
      "",
    ),
  );
  const read = readConfig(shown);
  const defaults = readConfig({});
  assert.deepEqual(read, defaults);
});
