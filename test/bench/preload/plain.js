/**
 * Loaded first, on each thread: takes the types away from the benchmark's own modules and the peers', in processes that
 * end at once. Otherwise they would bring Node's compiler along, 12 MB on every thread, into what is measured. What the
 * recorder does with its own modules is its affair.
 */
import { execFileSync } from "node:child_process";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const RECORDER = new URL("../../../src/", import.meta.url).href;
const isRecorder = process.argv[1] === fileURLToPath(`${RECORDER}main.ts`);
const STRIP = `
const { readFileSync } = process.getBuiltinModule("node:fs");
const { stripTypeScriptTypes } = process.getBuiltinModule("node:module");
process.stdout.write(stripTypeScriptTypes(readFileSync(process.argv[1], "utf8")));
`;

registerHooks({
  load(url, context, next) {
    if (!url.endsWith(".ts") || (isRecorder && url.startsWith(RECORDER))) return next(url, context);
    const options = { env: {}, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const source = execFileSync(process.execPath, ["-e", STRIP, fileURLToPath(url)], options);
    return { format: "module", source, shortCircuit: true };
  },
});
