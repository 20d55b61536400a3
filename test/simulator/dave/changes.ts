import { proposeAdd, proposeRemove } from "./external-sender.ts";
import type { ExternalSender, Proposal } from "./external-sender.ts";
import type { KeyPackage } from "./mls.ts";

/** A proposal that waits for a commit, and what it means for the room. */
export type Change =
  | {
      readonly kind: "add";
      readonly userId: string;
      readonly keyPackage: KeyPackage;
      readonly proposal: Proposal;
    }
  | { readonly kind: "remove"; readonly leaf: number; readonly proposal: Proposal };

/** Lives in one room. The changes of the current epoch that no commit has made yet, in order of proposal. */
export class Changes {
  readonly #sender: ExternalSender;
  readonly #channelId: string;
  /** By ProposalRef in hex. */
  readonly #outstanding = new Map<string, Change>();

  constructor(sender: ExternalSender, channelId: string) {
    this.#sender = sender;
    this.#channelId = channelId;
  }

  get outstanding(): Change[] {
    return [...this.#outstanding.values()];
  }

  add(epoch: bigint, userId: string, keyPackage: KeyPackage): Change {
    const proposal = proposeAdd(this.#sender, this.#channelId, epoch, keyPackage);
    return this.#keep({ kind: "add", userId, keyPackage, proposal });
  }

  remove(epoch: bigint, leaf: number): Change {
    return this.#keep({
      kind: "remove",
      leaf,
      proposal: proposeRemove(this.#sender, this.#channelId, epoch, leaf),
    });
  }

  /** Drops the Add of a user; undefined when there is none. */
  withdraw(userId: string): Change | undefined {
    for (const [key, change] of this.#outstanding) {
      if (change.kind !== "add" || change.userId !== userId) continue;
      this.#outstanding.delete(key);
      return change;
    }
    return undefined;
  }

  /**
   * The changes a commit makes, in its order, which decides who gets which leaf; undefined unless they are exactly
   * all that are outstanding. Whoever creates the group does not add themselves.
   */
  match(refs: readonly Buffer[], creator: string | undefined): Change[] | undefined {
    const expected = new Map(this.#outstanding);
    for (const [key, change] of expected)
      if (change.kind === "add" && change.userId === creator) expected.delete(key);
    const committed: Change[] = [];
    for (const ref of refs) {
      const key = ref.toString("hex");
      const change = expected.get(key);
      if (change === undefined) return undefined;
      expected.delete(key);
      committed.push(change);
    }
    return expected.size === 0 && committed.length > 0 ? committed : undefined;
  }

  /** A new epoch makes all proposals of the old one void. */
  clear(): void {
    this.#outstanding.clear();
  }

  #keep(change: Change): Change {
    this.#outstanding.set(change.proposal.ref.toString("hex"), change);
    return change;
  }
}
