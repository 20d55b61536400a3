/** Logs numbered lines, so many every five milliseconds, until it is killed; says on standard error when it has come to 5,000. */
import { createLog } from "../../src/log.ts";

const lines = Number(process.argv[2]);
const log = createLog("info", "counting");
let count = 0;
setInterval(() => {
  for (let line = 0; line < lines; line++) {
    log.info({ count: count++ }, "counted");
    if (count === 5_000) console.error("counted 5000");
  }
}, 5);
