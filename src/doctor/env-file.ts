/** What of `.env` is used by nobody. */
import type { EnvFile } from "../env-file.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** A line for which a better one is known is `wrong`; one that may be another program's is not. */
export function checkEnvFile({ path, values, unused }: EnvFile): readonly Finding[] {
  if (values === undefined) return [good(`There is no ${path}: the environment alone counts`)];
  if (unused.length === 0) return [good(`${path} is used, every line of it`)];
  return unused.map(({ line, problem, remedy }) => {
    const text = `${path}, line ${line}: ${problem}.`;
    if (remedy === undefined) return note(text, "It does no harm; README.md lists the names that are known.");
    return wrong(text, remedy);
  });
}
