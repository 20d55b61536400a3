const PLAIN = new URL("../preload/plain.js", import.meta.url);

/** Node's options that load modules first, on all threads; nothing of it brings a compiler along. */
export function importing(preloads: readonly URL[] = []): string[] {
  return [PLAIN, ...preloads].flatMap((preload) => ["--import", preload.href]);
}
