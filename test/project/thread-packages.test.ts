import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** `import … from "x"` over any number of lines, without those of types alone; and `import "x"`. */
const IMPORT = /^(?:import |(?:import|export)(?! type\b)[^"';=]* from )"([^"]+)";/gm;

/** What is loaded at once with a module: packages by name, each a cost of its own on every thread that has it. */
function packagesOf(module: URL, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(module.href)) return packages;
  seen.add(module.href);
  for (const [, name = ""] of readFileSync(module, "utf8").matchAll(IMPORT)) {
    if (name.startsWith("node:")) continue;
    if (!name.startsWith(".")) packages.add(name);
    else for (const found of packagesOf(new URL(name, module), seen)) packages.add(found);
  }
  return packages;
}

function packagesOfEntry(path: string): string[] {
  return [...packagesOf(new URL(`../../src/${path}`, import.meta.url))].sort();
}

test("the threads of audio load no package that they do not need: zod alone is 8 MB on each", () => {
  assert.deepEqual(packagesOfEntry("writer/writer-worker.ts"), ["pino"]);
  assert.deepEqual(packagesOfEntry("capture/capture-worker.ts"), ["@discordjs/voice", "pino"]);
});

test("BullMQ and its client are not loaded before there is a Redis", () => {
  const packages = packagesOfEntry("main.ts");
  assert.ok(packages.includes("discord.js"), "the main thread's packages are found");
  for (const name of ["bullmq", "ioredis"]) assert.ok(!packages.includes(name), name);
});
