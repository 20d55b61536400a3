import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PLAIN_SOURCE = fileURLToPath(new URL("../../src/plain-source", import.meta.url));
const options = { timeout: 180_000 };

/** Starts a worker after its file was changed, and prints what both threads had to load. */
const MAIN = `import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { usesCompiler } from "./uses-compiler.ts";
const file: URL = new URL("./worker.ts", import.meta.url);
writeFileSync(file, "throw new Error('changed after the start')");
const [answer] = (await once(new Worker(file), "message")) as [object];
console.log(JSON.stringify({ main: usesCompiler(), ...answer }));
`;
const WORKER = `import { parentPort } from "node:worker_threads";
import { usesCompiler } from "./uses-compiler.ts";
type Where = { line: string | undefined };
const where: Where = { line: new Error("here").stack?.split("worker.ts:")[1] };
parentPort?.postMessage({ worker: usesCompiler(), at: where.line });
`;
const USES_COMPILER = `type Loaded = { readonly moduleLoadList: readonly string[] };
export const usesCompiler = (): boolean =>
  (process as unknown as Loaded).moduleLoadList.some((name) => name.includes("amaro"));
`;

type Said = { readonly main: boolean; readonly worker: boolean; readonly at: string };

/** A program of two threads in a folder of its own, beside the modules under test. */
function program(files: Readonly<Record<string, string>> = {}): Disposable & { readonly src: string } {
  const root = mkdtempSync(join(tmpdir(), "plain-source-"));
  const src = join(root, "src");
  mkdirSync(src);
  cpSync(PLAIN_SOURCE, join(src, "plain-source"), { recursive: true });
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  const all = { "main.ts": MAIN, "worker.ts": WORKER, "uses-compiler.ts": USES_COMPILER, ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(src, name), text);
  return { src, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

function run(src: string, ...nodeOptions: readonly string[]): string {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  return execFileSync(process.execPath, [...nodeOptions, join(src, "main.ts")], {
    encoding: "utf8",
    stdio: [...stdio],
  });
}

test(
  "no thread loads a compiler, and a thread that starts late is of the version of the others",
  options,
  () => {
    using files = program();
    const said = JSON.parse(run(files.src, "--import", join(files.src, "plain-source/register.js"))) as Said;
    assert.deepEqual([said.main, said.worker], [false, false]);
    assert.match(said.at, /^4:30\b/, "lines and columns are those of the file");
  },
);

test(
  "where the types cannot be taken away beforehand, Node does it by itself, and that is said once",
  options,
  () => {
    using files = program({ "unfit.ts": "enum Unfit { one }\n", "worker.ts": "" });
    writeFileSync(
      join(files.src, "main.ts"),
      'import { Worker } from "node:worker_threads";\nimport { usesCompiler } from "./uses-compiler.ts";\n' +
        'new Worker(new URL("./worker.ts", import.meta.url));\nconsole.log(usesCompiler());\n',
    );
    const register = join(files.src, "plain-source/register.js");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", register, join(files.src, "main.ts")],
      {
        encoding: "utf8",
      },
    );
    assert.equal(stdout, "true\n", stderr);
    assert.equal(stderr.match(/PlainSource: The types could not be taken away/g)?.length, 1, stderr);
    assert.match(stderr, /enum is not supported/, "with the reason");
  },
);
