/**
 * Loaded first, on each thread: takes the types away from what is not the recorder's own (`src/plain-source` does that),
 * in processes that end at once. Otherwise the TypeScript of the benchmark would bring Node's compiler along, 12 MB on
 * every thread, into what is measured.
 */
import { execFileSync } from "node:child_process";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const STRIP = `
const { readFileSync } = process.getBuiltinModule("node:fs");
const { stripTypeScriptTypes } = process.getBuiltinModule("node:module");
process.stdout.write(stripTypeScriptTypes(readFileSync(process.argv[1], "utf8")));
`;

registerHooks({
  load(url, context, next) {
    if (!url.endsWith(".ts")) return next(url, context);
    const options = { env: {}, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const source = execFileSync(process.execPath, ["-e", STRIP, fileURLToPath(url)], options);
    return { format: "module", source, shortCircuit: true };
  },
});
