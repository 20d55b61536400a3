import type { Gap, GapReason } from "./gap.ts";
import type { CapturedTrack } from "./stages.ts";

/** A gap that was not told of before, as it stands: it may still grow. */
export type NewGap = { readonly track: number; readonly userId: string; readonly gap: Gap };

/** Lives on the main thread. Finds each gap of a recording once; remembers one position per track and reason. */
export class GapNews {
  readonly #toldUpTo = new Map<number, Record<GapReason, number>>();

  /** The gaps of these tracks that begin behind all that were told of. */
  next(tracks: readonly CapturedTrack[]): NewGap[] {
    const found: NewGap[] = [];
    for (const { track, userId, gaps = [] } of tracks) {
      if (gaps.length === 0) continue;
      const told = this.#toldUpTo.get(track) ?? nothingTold();
      this.#toldUpTo.set(track, told);
      for (const gap of gaps) {
        if (gap.fromSamples <= told[gap.reason]) continue;
        told[gap.reason] = gap.fromSamples;
        found.push({ track, userId, gap });
      }
    }
    return found;
  }
}

function nothingTold(): Record<GapReason, number> {
  return { network: -1, key: -1, undecodable: -1, queue: -1, disk: -1 };
}
