/** Logs a numbered line every few milliseconds until it is killed. */
import { createLog } from "../../src/log.ts";

const log = createLog("info", "counting");
let count = 0;
setInterval(() => log.info({ count: count++ }, "counted"), 5);
