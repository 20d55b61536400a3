/** Files and folders that are forced to the disk beside the writer's loop, on the threads Node has for such work anyway. */
import * as fs from "node:fs";

/**
 * How many at once, of Node's four threads: what a busy disk's journal takes together costs one commit instead of one
 * each, and two are as fast as four. The others are the rest of the process': a name must be looked up meanwhile.
 */
const AT_ONCE = 2;

/** Of this thread. */
const waiting: (() => void)[] = [];
let underWay = 0;

/**
 * Lives on the writer thread. An open file or folder. Forcing it blocks nobody, however long the disk takes; its
 * promise settles when the loop gives the event loop a turn. It stays open until no forcing is under way.
 */
export class ForcedDescriptor {
  readonly fd: number;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * Resolves when what was written before the call is on the disk; rejects with what the disk says, to this forcing or to
   * one that was under way: the kernel tells a failure once, and calls what it gave up clean (`fsync(2)`, errors).
   * @param operation a folder needs `fsync`; of a file `fdatasync` leaves nothing out but the times
   */
  async force(operation: "fdatasync" | "fsync"): Promise<void> {
    const forcing = inTurn(operation, this.fd);
    this.#underWay.add(forcing);
    const outcomes = await Promise.allSettled(this.#underWay);
    this.#underWay.delete(forcing);
    if (this.#closed) this.#closeUnforced();
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Closes it, now or when nothing forces it any more. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeUnforced();
  }

  #closeUnforced(): void {
    if (this.#underWay.size === 0) fs.closeSync(this.fd);
  }
}

function inTurn(operation: "fdatasync" | "fsync", fd: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const begin = (): void => {
    underWay++;
    fs[operation](fd, (error) => {
      underWay--;
      waiting.shift()?.();
      if (error === null) resolve();
      else reject(error);
    });
  };
  if (underWay < AT_ONCE) begin();
  else waiting.push(begin);
  return promise;
}
