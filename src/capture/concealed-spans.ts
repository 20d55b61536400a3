/** Which samples are made up, so that they can be taken back when the real ones come late. Pure; bounded. */

/** A late packet comes within seconds; these are the holes of a second of heavy loss. */
const MAX_SPANS = 64;

export class ConcealedSpans {
  #spans: { readonly start: number; readonly end: number }[] = [];

  /** Marks `[start, end)` as made up. */
  add(start: number, end: number): void {
    this.#spans.push({ start, end });
    if (this.#spans.length > MAX_SPANS) this.#spans.shift();
  }

  /** Replaces `[start, end)` by what was said; returns how many of these samples were made up. */
  replace(start: number, end: number): number {
    let replaced = 0;
    const left: { readonly start: number; readonly end: number }[] = [];
    for (const span of this.#spans) {
      const from = Math.max(span.start, start);
      const to = Math.min(span.end, end);
      if (from >= to) {
        left.push(span);
        continue;
      }
      replaced += to - from;
      if (span.start < from) left.push({ start: span.start, end: from });
      if (to < span.end) left.push({ start: to, end: span.end });
    }
    this.#spans = left;
    return replaced;
  }
}
