import { startStages } from "./composition.ts";
import { readConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { loadEnvFile, whereTokenWasSought } from "./env-file.ts";
import type { EnvFile } from "./env-file.ts";
import { RecorderError } from "./errors.ts";
import { createLog } from "./log.ts";
import { setupGuide } from "./setup-guide.ts";

/** sysexits.h: the configuration is wrong; a supervisor need not try again. */
const EX_CONFIG = 78;

/** Failures that only a change of configuration mends. */
const CONFIG_CODES = new Set([
  "E-TOKEN",
  "E-INTENTS",
  "E-PORT",
  "E-DATA-DIR",
  "E-DATA-DIR-IN-USE",
  "E-LINK-SECRET",
  "E-JOBS-RUNNING",
  "E-REDIS-AUTH",
  "E-REDIS-POLICY",
]);

/** From the first signal to the exit, at most. */
const SHUTDOWN_MS = 9_500;

/** npm passes on a signal that the terminal has already sent: one press of Ctrl-C arrives twice. */
const SAME_SIGNAL_MS = 300;

const envFile = envFileOrExit();
const config = configOrExit();
const log = createLog(config.logLevel, "main");
const stages = new AsyncDisposableStack();
let stopping = false;
let crashing = false;
let signalledMs: number | undefined;

process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);
process.on("SIGHUP", onHangup);
process.on("uncaughtException", (error) => {
  crashing = true;
  log.fatal({ err: error }, "something unexpected failed: finishing the recordings");
  void stop(1);
});

try {
  await startStages(stages, config, { log, onRefused, crashing: () => crashing });
} catch (error) {
  if (!(error instanceof RecorderError)) throw error;
  console.error(`The recorder cannot start. ${error.explanation}`);
  await stages.disposeAsync();
  process.exit(CONFIG_CODES.has(error.code) ? EX_CONFIG : 1);
}

/** The first signal finishes the recordings and exits 0; a second one exits at once. */
function onSignal(signal: NodeJS.Signals): void {
  if (signalledMs !== undefined) {
    if (performance.now() - signalledMs > SAME_SIGNAL_MS) process.exit(130);
    return;
  }
  signalledMs = performance.now();
  finish(signal);
}

/**
 * The terminal or the SSH session is gone. The kernel, the shell and a supervisor may each say so, also beside SIGTERM: it
 * neither hurries nor counts as the first signal.
 */
function onHangup(signal: NodeJS.Signals): void {
  finish(signal);
}

function finish(signal: NodeJS.Signals): void {
  if (!stopping) log.info({ signal }, "stopping: running recordings are being finished");
  void stop(0);
}

/** Without Discord there is nothing to do: recordings are finished with what they have. */
function onRefused(error: RecorderError): void {
  log.fatal({ code: error.code, remedy: error.remedy }, error.message);
  console.error(`The recorder has to stop. ${error.explanation}`);
  void stop(CONFIG_CODES.has(error.code) ? EX_CONFIG : 1);
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => {
    log.error("not everything could be finished in time; what has been written is valid");
    process.exit(1);
  }, SHUTDOWN_MS).unref();
  try {
    await stages.disposeAsync();
    log.info("stopped");
    process.exit(code);
  } catch (error) {
    log.error({ err: error }, "stopping failed; what has been written is valid");
    process.exit(1);
  }
}

/** What stands in `.env`; lines of it that nobody uses are told at once, since the next words may follow from them. */
function envFileOrExit(): EnvFile {
  try {
    const file = loadEnvFile(process.env);
    if (file.unused.length > 0) console.error(`Not all of ${file.path} is used:`);
    for (const { line, problem, remedy } of file.unused)
      console.error(`  line ${line}: ${problem}. ${remedy ?? ""}`.trimEnd());
    return file;
  } catch (error) {
    if (!(error instanceof RecorderError)) throw error;
    console.error(`The recorder cannot start. ${error.explanation}`);
    return process.exit(EX_CONFIG);
  }
}

/** Every fault of the configuration at once, or the guide where no token is given. */
function configOrExit(): Config {
  const result = readConfig(process.env);
  if (!result.ok) {
    console.error("The configuration is not right:\n");
    for (const { variable, problem } of result.faults) console.error(`  ${variable} ${problem}`);
    console.error("\nVariables come from the environment or from a file named .env; README.md lists them.");
    process.exit(EX_CONFIG);
  }
  const { roles, token } = result.config;
  if (roles.includes("bot") && token === undefined) {
    console.error(setupGuide(whereTokenWasSought(envFile)));
    process.exit(EX_CONFIG);
  }
  return result.config;
}
