/** Prints all modules of the program without their types, lines and columns as they were: JSON of address → source. */
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = new Map<string, string>();
for (const file of globSync("{src,commands}/**/*.ts", { cwd: root, exclude: ["**/*.d.ts"] })) {
  const path = root + file;
  sources.set(pathToFileURL(path).href, stripTypeScriptTypes(readFileSync(path, "utf8")));
}
process.stdout.write(JSON.stringify(Object.fromEntries(sources)));
