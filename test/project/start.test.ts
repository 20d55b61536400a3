import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}

test("the image starts the program with the options of npm start", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: { readonly start: string } };
  const [, command = "[]"] = /^CMD (\[.*\])$/m.exec(read("docker/Dockerfile")) ?? [];
  assert.deepEqual(["exec", ...(JSON.parse(command) as string[])], scripts.start.split(" "));
});
