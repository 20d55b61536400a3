/** Node's options that load modules first, on all threads. */
export function importing(preloads: readonly URL[] = []): string[] {
  return preloads.flatMap((preload) => ["--import", preload.href]);
}
