/** Ends whoever is left of a process group, by its leader, which may be gone. */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // All have ended, as they should.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
