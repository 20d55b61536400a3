import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { missing } from "../support/wav-readers.ts";

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What a newcomer may run before anything else. */
const SCRIPTS = ["start", "demo", "doctor", "bench"];

/** Without what `npm ci` brings. */
function clone(): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), "clone-"));
  for (const name of ["package.json", "src", "commands", "test/demo", "test/bench/bench.ts"])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

/** What the script says, run by a certain Node; `preload` goes before it. */
function run(cwd: string, script: string, node: string, ...preload: readonly string[]) {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Record<string, string> };
  const [, args = ""] = /^(?:exec )?node (.*)$/.exec(scripts[script] ?? "") ?? [];
  const { status, stderr } = spawnSync(node, [...preload, ...args.split(" ")], {
    cwd,
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status, stderr };
}

/** This one, and those that the machine has besides. */
function nodes(): readonly string[] {
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return [...new Set([process.execPath, ...found.filter((path) => existsSync(path))])];
}

test("before npm ci, every Node of this machine says that it is to be run, exit 78", () => {
  using empty = clone();
  for (const node of nodes()) {
    for (const script of SCRIPTS) {
      const { status, stderr } = run(empty.root, script, node);
      assert.equal(status, 78, `${node} ${script}: ${stderr}`);
      assert.match(stderr, /^The recorder's packages are not installed\. Run "npm ci" first.*\n$/);
    }
  }
});

test("a Node that is too old says so before anything that it cannot read, exit 78", () => {
  using empty = clone();
  const old = join(empty.root, "old.cjs");
  const versions = "{ ...process.versions, node: '20.20.2' }";
  writeFileSync(old, `Object.defineProperty(process, "versions", { value: ${versions} });`);
  for (const script of SCRIPTS) {
    const { status, stderr } = run(ROOT, script, process.execPath, "--require", old);
    assert.equal(status, 78, stderr);
    assert.match(stderr, /^Node 20\.20\.2 is too old .* needs Node 24\.\nStart it with npm .*\n$/);
  }
});

test("the image starts the program with the options of npm start", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: { readonly start: string } };
  const [, command = "[]"] = /^CMD (\[.*\])$/m.exec(read("docker/Dockerfile")) ?? [];
  assert.deepEqual(["exec", ...(JSON.parse(command) as string[])], scripts.start.split(" "));
});

/** The unit of systemd that README shows, for the package in this folder. */
function unit(): string {
  const [, text = ""] = /```ini\n(\[Unit\]\n.*?)```/s.exec(read("README.md")) ?? [];
  return text.replaceAll("/opt/voice-recorder", ROOT.replace(/\/$/, ""));
}

test("the service starts the program with the options of npm start", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: { readonly start: string } };
  const [, command] = /^ExecStart=(.*)$/m.exec(unit()) ?? [];
  assert.equal(command, scripts.start.replace("exec node", join(ROOT, "node_modules/.bin/node")));
});

test("systemd understands the service", { skip: missing("systemd-analyze") }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "unit-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "voice-recorder.service");
  const verify = (text: string): readonly string[] => {
    writeFileSync(file, text);
    const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    // It may have something to say about the machine's own units.
    return `${stdout}${stderr}`.split("\n").filter((line) => line.includes("voice-recorder.service"));
  };
  const misspelt = verify(unit().replace("Restart=", "Restarts="));
  if (!/Restarts/.test(misspelt[0] ?? "")) return t.skip("systemd-analyze judges no unit on this machine");
  assert.deepEqual(verify(unit()), []);
});
