import { Changes } from "./changes.ts";
import type { Change } from "./changes.ts";
import { parseCommitWelcome, welcomeFor } from "./commit-welcome.ts";
import type { CommitWelcome } from "./commit-welcome.ts";
import type { ExternalSender } from "./external-sender.ts";
import { parseKeyPackage } from "./mls.ts";
import type { KeyPackage } from "./mls.ts";
import {
  announcements,
  appendFor,
  executions,
  prepareDowngradeFor,
  prepareEpochFor,
  revokeFor,
} from "./outputs.ts";
import type { DaveOutput } from "./outputs.ts";
import { u16, u64 } from "./tls-codec.ts";
import { Transitions } from "./transitions.ts";

export { createExternalSender } from "./external-sender.ts";
export type { ExternalSender } from "./external-sender.ts";
export type { DaveOutput } from "./outputs.ts";

/**
 * announced: got the external sender, owes a key package
 * proposed:  their Add waits for a commit
 * member:    has a leaf, and the epoch's secrets
 * lost:      has a leaf but could not follow (op 31), owes a new key package
 */
type Person =
  | { readonly kind: "announced" }
  | { readonly kind: "proposed"; readonly keyPackage: KeyPackage }
  | { readonly kind: "member"; readonly leaf: number }
  | { readonly kind: "lost"; readonly leaf: number };

/**
 * Lives on the voice server's thread. The MLS delivery service of one DAVE voice channel: proposes who comes and
 * goes, picks one commit per epoch and tells everybody. No I/O and no clock; the order of calls is the order of
 * events, the order of outputs is the order of sending.
 */
export class DaveRoom {
  /** What members sent against the protocol. A commit that merely lost the race is none. */
  readonly problems: string[] = [];
  readonly #channelId: string;
  readonly #sender: ExternalSender;
  readonly #people = new Map<string, Person>();
  readonly #transitions = new Transitions();
  readonly #changes: Changes;
  /** Owner of each leaf; undefined is blank. */
  #leaves: (string | undefined)[] = [];
  /** 0: no group. */
  #epoch = 0n;
  #version: 0 | 1 = 1;
  /** Whose key packages the first group after an upgrade waits for; undefined at other times. */
  #upgrading: Set<string> | undefined;

  constructor(options: { readonly channelId: string; readonly externalSender: ExternalSender }) {
    this.#channelId = options.channelId;
    this.#sender = options.externalSender;
    this.#changes = new Changes(options.externalSender, options.channelId);
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  /** Protocol version of the call; 0: media is sent in clear. */
  get version(): 0 | 1 {
    return this.#version;
  }

  /** Ends encryption: from the transition's execution on everybody sends in clear. */
  downgrade(): DaveOutput[] {
    this.#version = 0;
    const members = this.#audience();
    const id = this.#transitions.open(members);
    return members.map((to) => prepareDowngradeFor(to, id));
  }

  /** Begins encryption anew: everybody starts over, and sends in clear until the first group's transition. */
  upgrade(): DaveOutput[] {
    this.#version = 1;
    this.#epoch = 0n;
    this.#leaves = [];
    this.#changes.clear();
    this.#transitions.clear();
    this.#upgrading = new Set(this.#people.keys());
    return Array.from(this.#people.keys()).flatMap((userId) => {
      this.#people.set(userId, { kind: "announced" });
      return [prepareEpochFor(userId), this.#externalSenderFor(userId)];
    });
  }

  /** Somebody announced protocol version 1. */
  join(userId: string): DaveOutput[] {
    if (this.#version === 0) {
      this.#people.set(userId, { kind: "announced" });
      return [];
    }
    const person = this.#people.get(userId);
    if (person?.kind === "member" || person?.kind === "lost") return [];
    const withdrawn = this.#withdrawAdd(userId);
    this.#people.set(userId, { kind: "announced" });
    return [...withdrawn, this.#externalSenderFor(userId)];
  }

  leave(userId: string): DaveOutput[] {
    const person = this.#people.get(userId);
    if (person === undefined) return [];
    this.#people.delete(userId);
    const outputs = [...executions(this.#transitions.forget(userId)), ...this.#withdrawAdd(userId)];
    const dissolved = this.#dissolveIfLonely();
    if (dissolved !== undefined) return [...outputs, ...dissolved];
    if (person.kind === "member" || person.kind === "lost")
      outputs.push(...this.#append([this.#changes.remove(this.#epoch, person.leaf)]));
    return outputs;
  }

  receive(userId: string, op: 23 | 26 | 28 | 31, body: Buffer | object): DaveOutput[] {
    if (!this.#people.has(userId)) return this.#problem(userId, op, "is not in the room");
    if (op === 23) return executions(this.#transitions.confirm(transitionIdOf(body), userId));
    if (op === 31) return this.#lose(userId);
    if (!Buffer.isBuffer(body)) return this.#problem(userId, op, "body is not binary");
    try {
      if (op === 26) return this.#receiveKeyPackage(userId, parseKeyPackage(body, userId));
      return this.#receiveCommit(userId, parseCommitWelcome(body));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#problem(userId, op, error.message);
    }
  }

  /** Executes transitions whose stragglers kept everybody waiting for two seconds. */
  tick(nowMs: number): DaveOutput[] {
    return executions(this.#transitions.tick(nowMs));
  }

  #receiveKeyPackage(userId: string, keyPackage: KeyPackage): DaveOutput[] {
    const person = this.#people.get(userId);
    if (person?.kind === "member") return this.#problem(userId, 26, "is in the group already");
    const outputs = this.#withdrawAdd(userId);
    this.#people.set(userId, { kind: "proposed", keyPackage });
    if (this.#upgrading !== undefined) return this.#prepareUpgrade(this.#upgrading, userId);
    // Without a group each joiner prepares one of their own, so they must know of all the others.
    const others = this.#changes.outstanding;
    if (this.#epoch === 0n && others.length > 0) outputs.push(appendFor(userId, others));
    const changes = person?.kind === "lost" ? [this.#changes.remove(this.#epoch, person.leaf)] : [];
    changes.push(this.#changes.add(this.#epoch, userId, keyPackage));
    outputs.push(...this.#append(changes));
    return outputs;
  }

  #receiveCommit(userId: string, message: CommitWelcome): DaveOutput[] {
    const person = this.#people.get(userId);
    const isCreation = this.#epoch === 0n;
    if (!message.groupId.equals(u64(BigInt(this.#channelId))))
      return this.#problem(userId, 28, "of another group");
    // Everybody commits, the first one wins: commits of the past or by those who may not (any more) are late.
    if (message.epoch !== this.#epoch || person?.kind !== (isCreation ? "proposed" : "member")) return [];
    const committed = this.#changes.match(message.refs, isCreation ? userId : undefined);
    if (committed === undefined) return [];
    const leaf = person.kind === "member" ? person.leaf : 0;
    if (message.senderLeaf !== leaf)
      return this.#problem(userId, 28, `of leaf ${message.senderLeaf}, theirs is ${leaf}`);
    const adds = committed.filter((change) => change.kind === "add");
    if (adds.length > 0 && message.welcome === undefined) return this.#proposeAgain(adds);
    const welcomes = new Map<string, Buffer>();
    for (const change of adds) {
      const welcome = message.welcome && welcomeFor(message.welcome, change.keyPackage.ref);
      if (welcome === undefined) return this.#problem(userId, 28, `has no welcome for ${change.userId}`);
      welcomes.set(change.userId, welcome);
    }
    const followers = isCreation ? [userId] : this.#audience();
    this.#epoch += 1n;
    this.#changes.clear();
    // Only a group that follows upon media in clear needs to be switched to.
    const isInstant = isCreation && this.#upgrading === undefined;
    this.#upgrading = undefined;
    if (isCreation) this.#seat(userId);
    for (const change of committed) if (change.kind === "remove") this.#leaves[change.leaf] = undefined;
    for (const change of committed) if (change.kind === "add") this.#seat(change.userId);
    const id = u16(isInstant ? 0 : this.#transitions.open([...followers, ...welcomes.keys()]));
    return announcements(id, message.commit, followers, welcomes);
  }

  /** The first group after an upgrade is proposed once everybody can be in it. */
  #prepareUpgrade(waiting: Set<string>, userId: string): DaveOutput[] {
    waiting.delete(userId);
    if (waiting.size > 0) return [];
    const adds: Change[] = [];
    for (const [each, person] of this.#people)
      if (person.kind === "proposed") adds.push(this.#changes.add(this.#epoch, each, person.keyPackage));
    return this.#append(adds);
  }

  /**
   * davey welcomes those who come only where an add was among the proposals it got last: after a remove its commit leaves
   * them outside. Nobody could ever let them in then, so they are proposed anew.
   */
  #proposeAgain(adds: readonly Extract<Change, { kind: "add" }>[]): DaveOutput[] {
    const revoked = adds.flatMap(({ userId }) => this.#withdrawAdd(userId));
    const again = adds.map(({ userId, keyPackage }) => this.#changes.add(this.#epoch, userId, keyPackage));
    return [...revoked, ...this.#append(again)];
  }

  /** Op 31: they start over, and their leaf is replaced once the new key package is here. */
  #lose(userId: string): DaveOutput[] {
    const person = this.#people.get(userId);
    if (person?.kind !== "member") return [];
    this.#people.set(userId, { kind: "lost", leaf: person.leaf });
    return [...executions(this.#transitions.forget(userId)), ...(this.#dissolveIfLonely() ?? [])];
  }

  /** Ends the group when nobody could commit, or when there is nobody left to talk to. */
  #dissolveIfLonely(): DaveOutput[] | undefined {
    if (this.#epoch === 0n) return undefined;
    const kinds = Array.from(this.#people.values(), ({ kind }) => kind);
    const members = kinds.filter((kind) => kind === "member").length;
    const hasOthers = kinds.some((kind) => kind === "proposed" || kind === "lost");
    if (members > 1 || (members === 1 && hasOthers)) return undefined;
    this.#epoch = 0n;
    this.#leaves = [];
    this.#changes.clear();
    this.#transitions.clear();
    const outputs: DaveOutput[] = [];
    for (const [userId, person] of this.#people) {
      if (person.kind === "announced" || person.kind === "proposed") continue;
      this.#people.set(userId, { kind: "announced" });
      // Whoever is lost has reset itself; the others start over on op 24 and send a key package.
      if (person.kind === "member") outputs.push(prepareEpochFor(userId));
      outputs.push(this.#externalSenderFor(userId));
    }
    const adds: Change[] = [];
    for (const [userId, person] of this.#people) {
      if (person.kind === "proposed") adds.push(this.#changes.add(0n, userId, person.keyPackage));
    }
    return [...outputs, ...this.#append(adds)];
  }

  #append(changes: readonly Change[]): DaveOutput[] {
    const outputs: DaveOutput[] = [];
    for (const to of this.#audience()) {
      // In a group of their own nobody adds themselves.
      const others = changes.filter((change) => change.kind === "remove" || change.userId !== to);
      if (others.length > 0) outputs.push(appendFor(to, others));
    }
    return outputs;
  }

  #withdrawAdd(userId: string): DaveOutput[] {
    const change = this.#changes.withdraw(userId);
    if (change === undefined) return [];
    return this.#audience().flatMap((to) => (to === userId ? [] : [revokeFor(to, change)]));
  }

  /** Those who can use proposals of this epoch. */
  #audience(): string[] {
    const kind = this.#epoch === 0n ? "proposed" : "member";
    return Array.from(this.#people).flatMap(([userId, person]) => (person.kind === kind ? [userId] : []));
  }

  /** RFC 9420 §7.7: a joiner gets the left-most blank leaf. */
  #seat(userId: string): void {
    const blank = this.#leaves.indexOf(undefined);
    const leaf = blank === -1 ? this.#leaves.length : blank;
    this.#leaves[leaf] = userId;
    this.#people.set(userId, { kind: "member", leaf });
  }

  #externalSenderFor(userId: string): DaveOutput {
    return { to: userId, kind: "binary", op: 25, body: this.#sender.credential };
  }

  #problem(userId: string, op: number, what: string): [] {
    this.problems.push(`op ${op} of ${userId}: ${what}`);
    return [];
  }
}

function transitionIdOf(body: object): number {
  return "transition_id" in body && typeof body.transition_id === "number" ? body.transition_id : -1;
}
