import assert from "node:assert/strict";
import { test } from "node:test";
import { slugOf } from "../../src/recordings/slug.ts";
import { trackFileName, trackNumberOf, userIdOf } from "../../src/recordings/track-file-name.ts";

test("letters and digits of any script stay in a file's name, everything else becomes one underscore", () => {
  const slugs: readonly (readonly [name: string, slug: string])[] = [
    ["Zoë", "Zoë"],
    ["Zoe\u0308", "Zoë"],
    ["山田 太郎", "山田_太郎"],
    ["हिन्दी", "हिन्दी"],
    ["../../etc/passwd", "etc_passwd"],
    ['a<b>:"|?*\\/c', "a_b_c"],
    ["  -- ", "user"],
    ["❤️🙂", "user"],
    ["", "user"],
    ["\ud800", "user"],
    ["\u202egnp.exe", "gnp_exe"],
    ["x".repeat(99), "x".repeat(40)],
    [`${"x".repeat(39)} y`, "x".repeat(39)],
    ["𝒵".repeat(41), "𝒵".repeat(40)],
  ];
  for (const [name, slug] of slugs) assert.equal(slugOf(name, "user"), slug, name);
});

test("the number keeps names apart and reserved ones harmless", () => {
  assert.equal(trackFileName(1, "CON"), "01-CON.wav");
  assert.equal(trackFileName(123, "Zoë"), "123-Zoë.wav");
});

test("a track's file tells its number, and its user as long as it is called by their id", () => {
  const told = (file: string) => [trackNumberOf(file), userIdOf(file)];
  assert.deepEqual(told("01-80351110224678912.wav"), [1, "80351110224678912"]);
  assert.deepEqual(told("123-Zoë.wav"), [123, undefined]);
  for (const other of ["1-Zoë.wav", "01-Zoë.wav.tmp", "01-a/b.wav", "notes.txt"])
    assert.deepEqual(told(other), [undefined, undefined]);
});
