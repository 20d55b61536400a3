/** Programs that root's rights would keep from failing, run without those rights. */

/** A command and its arguments so that it may do what its files' owner may, also where root runs the tests. */
export function withoutPrivileges(command: string, args: readonly string[]): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) return [command, ...args];
  // util-linux: still root by name, but what root may is gone, so that the rights of files count.
  return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", command, ...args];
}
