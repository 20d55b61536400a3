import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withoutPrivileges } from "../support/without-privileges.ts";

/** What the start and the doctor say of each path. */
const PROGRAM = `
const { Storage } = await import(${JSON.stringify(new URL("../../src/recordings/storage.ts", import.meta.url))});
const { checkFolder } = await import(${JSON.stringify(new URL("../../src/doctor/data-directory.ts", import.meta.url))});
const said = [];
for (const path of process.argv.slice(1)) {
  const doctor = await checkFolder(new Storage(path));
  const start = await new Storage(path).prepare().then(() => "", (error) => error.code + " " + error.explanation);
  said.push({ doctor: doctor.kind + " " + doctor.text + " " + (doctor.remedy ?? ""), start });
}
console.log(JSON.stringify(said));`;

type Said = { readonly doctor: string; readonly start: string };

/** With the rights of an ordinary user. */
function saidOf(paths: readonly string[]): readonly Said[] {
  const [command, ...args] = withoutPrivileges(process.execPath, [
    "--input-type=module",
    "-e",
    PROGRAM,
    ...paths,
  ]);
  return JSON.parse(execFileSync(command, args, { encoding: "utf8", timeout: 60_000 })) as Said[];
}

function folder(): Disposable & { readonly at: (name: string) => string; readonly names: () => string[] } {
  const root = mkdtempSync(join(tmpdir(), "data-folder-"));
  return {
    at: (name) => join(root, name),
    names: () => readdirSync(root).sort(),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

test("start and doctor say alike why a DATA_DIR cannot be used, make nothing, and come to an end", () => {
  using files = folder();
  const { at } = files;
  writeFileSync(at("file"), "");
  symlinkSync(at("nowhere"), at("link"));
  for (const name of ["closed", "readable", "foreign", "away"]) mkdirSync(at(name));
  writeFileSync(at("foreign/catalog.sqlite"), "", { mode: 0o444 });
  // A disk that is not mounted.
  symlinkSync(at("nowhere"), at("away/recordings"));
  chmodSync(at("closed"), 0o000);
  chmodSync(at("readable"), 0o555);
  const before = files.names();
  const expectations: readonly (readonly [string, RegExp])[] = [
    [at("file"), /file is a file, not a folder\. Move it away/],
    [at("file/below"), /file is a file, not a folder\. Move it away/],
    [at("link"), /link is a link that leads nowhere \(ENOENT\)\. Make the folder that it leads to/],
    [at("link/below"), /link is a link that leads nowhere/],
    [at("closed/below"), /closed may not be entered by the user \S+\. Let DATA_DIR name/],
    [at("closed"), /closed may not be entered by the user/],
    [at("readable"), /readable cannot be read and written by/],
    [at("readable/below"), /cannot be made: .*EACCES.*DATA_DIR/],
    [
      at("foreign"),
      /foreign\/catalog\.sqlite cannot be read and written by the user \S+ \(EACCES\)\. Give it/,
    ],
    [at("away"), /away\/recordings is a link that leads nowhere/],
    // Node's own recursive mkdir never comes back from there.
    ["/proc/nope", /\/proc\/nope\S* cannot be made: .*DATA_DIR/],
  ];
  const said = saidOf(expectations.map(([path]) => path));
  assert.equal(said.length, expectations.length);
  for (const [row, [path, words]] of expectations.entries()) {
    const { doctor = "", start = "" } = said[row] ?? {};
    assert.match(doctor, /^wrong /, path);
    assert.match(doctor, words);
    assert.match(start, /^E-DATA-DIR /, path);
    assert.match(start, words);
  }
  assert.deepEqual(files.names(), before);
  chmodSync(at("closed"), 0o755);
});

test("a DATA_DIR that is not there is made with all that leads to it, and may be a link to a folder", () => {
  using files = folder();
  const { at } = files;
  mkdirSync(at("real"));
  symlinkSync(at("real"), at("link"));
  const [fresh, linked] = saidOf([at("a/b/c"), at("link")]);
  assert.match(fresh?.doctor ?? "", /^good .*will be made at the first start/);
  assert.match(linked?.doctor ?? "", /^good /);
  assert.deepEqual([fresh?.start, linked?.start], ["", ""]);
  assert.deepEqual(readdirSync(at("a/b/c")), ["recordings"]);
  assert.deepEqual(readdirSync(at("real")), ["recordings"]);
});
