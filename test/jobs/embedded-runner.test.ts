import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedRunner } from "../../src/jobs/embedded-runner.ts";
import { createLog } from "../../src/log.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { contract } from "./contract.ts";
import type { Place } from "./contract.ts";

const log = createLog("silent", "test");

/** A data directory with a catalog, as one process has it. */
async function open(): Promise<Place & { readonly directory: string; readonly catalog: Catalog }> {
  const directory = mkdtempSync(join(tmpdir(), "jobs-"));
  const catalog = await Catalog.open(directory);
  return {
    directory,
    catalog,
    start: ({ processors, concurrency = 4 }) =>
      EmbeddedRunner.start({ catalog, processors, concurrency, log, backOffMs: 20 }),
    [Symbol.asyncDispose]: async () => {
      await catalog.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

contract("embedded", open);
