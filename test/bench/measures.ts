/** All that is measured, by name, with the sizes of a full and of a quick run. */
import { costTable, measureCost } from "./measures/cost.ts";
import type { Cost } from "./measures/cost.ts";
import type { Table } from "./report/table.ts";

export type Measured = { readonly result: unknown; readonly tables: readonly Table[] };

export const MEASURES = {
  cost: async (quick: boolean): Promise<Measured> => {
    const size = quick ? { speakers: 25, seconds: 5, rounds: 1 } : { speakers: 25, seconds: 15, rounds: 3 };
    const found: Cost[] = [];
    for (const dave of quick ? [true] : [true, false]) found.push(await measureCost({ ...size, dave }));
    return { result: found, tables: found.map(costTable) };
  },
};
