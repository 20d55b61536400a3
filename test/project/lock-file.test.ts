import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";

const packageSchema = z.object({
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  gypfile: z.boolean().optional(),
});
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const { packages } = z
  .object({ packages: z.record(z.string(), packageSchema) })
  .parse(read("package-lock.json"));
const installed = Object.entries(packages).filter(([path]) => path !== "");

test("every locked package has its integrity, and no address of a registry", () => {
  for (const [path, entry] of installed) {
    assert.ok(entry.integrity?.startsWith("sha512-"), path);
    assert.equal(entry.resolved, undefined, path);
  }
});

test("every optional platform package is locked, or npm ci refuses on the others' machines", () => {
  const locked = new Set(installed.map(([path]) => path.slice(path.lastIndexOf("node_modules/") + 13)));
  for (const [path, entry] of installed) {
    for (const name of Object.keys(entry.optionalDependencies ?? {}))
      assert.ok(locked.has(name), `${name} of ${path}`);
  }
});

test("what brings its native part along is never built: npm up to 10 would need a compiler for it", () => {
  const sqlite = packages["node_modules/better-sqlite3"];
  assert.equal(
    sqlite?.gypfile,
    false,
    'a new lock file loses `"gypfile": false` of better-sqlite3: add it again',
  );
});

test("every version is exact: a newer one of the voice library would need the contract tests first", () => {
  const versions = z
    .object({
      dependencies: z.record(z.string(), z.string()),
      devDependencies: z.record(z.string(), z.string()),
      optionalDependencies: z.record(z.string(), z.string()),
    })
    .parse(read("package.json"));
  for (const group of Object.values(versions)) {
    for (const [name, version] of Object.entries(group)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});
