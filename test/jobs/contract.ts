import { test } from "node:test";
import { cancelling } from "./contract/cancelling.ts";
import { ending } from "./contract/ending.ts";
import { failing } from "./contract/failing.ts";
import type { Place, Promised } from "./contract/place.ts";
import { running } from "./contract/running.ts";
import { scheduling } from "./contract/scheduling.ts";

const options = { timeout: 180_000 };

/**
 * Registers what every runner promises, as tests for one kind of runner. The figures of time are bounds on hanging, not
 * on speed.
 */
export function contract(kind: string, open: () => Promise<Place>, skip: string | false = false): void {
  const promise: Promised = (name, run) => {
    test(`${kind}: ${name}`, { ...options, skip }, async () => {
      await using place = await open();
      await run(place);
    });
  };
  for (const promises of [running, failing, cancelling, ending, scheduling]) promises(promise);
}
