import davey from "@snazzah/davey";
import type { DaveOutput } from "./room.ts";

/** What a client sends to the room. */
export type Reply = { readonly op: 23 | 26 | 28 | 31; readonly body: Buffer | object };

/** A davey session that behaves towards the room as a voice client does. */
export class DaveyMember {
  readonly userId: string;
  readonly session: davey.DAVESession;
  readonly #channelId: string;
  /** Ids of transitions the room has executed (op 22). */
  readonly executed: number[] = [];
  /** How often it could not follow (op 31). */
  invalidations = 0;
  /** Its commits come too late ever to be seen. */
  isSlow = false;
  /** Keeps its confirmations (op 23) to itself. */
  isMute = false;

  constructor(userId: string, channelId: string) {
    this.userId = userId;
    this.#channelId = channelId;
    this.session = new davey.DAVESession(1, userId, channelId);
  }

  keyPackage(): Reply {
    return { op: 26, body: this.session.getSerializedKeyPackage() };
  }

  /** What it answers, in order. */
  receive(output: DaveOutput, recognized: readonly string[]): Reply[] {
    if (output.kind === "json") return this.#receiveJson(output.op, output.data);
    if (output.op === 25) {
      this.session.setExternalSender(output.body);
      return [];
    }
    if (output.op === 27) {
      const operations = [davey.ProposalsOperationType.APPEND, davey.ProposalsOperationType.REVOKE] as const;
      const operation = operations[output.body.readUInt8() === 0 ? 0 : 1];
      const { commit, welcome } = this.session.processProposals(operation, output.body.subarray(1), [
        ...recognized,
      ]);
      if (commit === undefined || this.isSlow) return [];
      return [{ op: 28, body: welcome === undefined ? commit : Buffer.concat([commit, welcome]) }];
    }
    const transitionId = output.body.readUInt16BE();
    const message = output.body.subarray(2);
    try {
      if (output.op === 29) this.session.processCommit(message);
      else this.session.processWelcome(message);
    } catch {
      return this.startOver(transitionId);
    }
    return transitionId === 0 || this.isMute ? [] : [{ op: 23, body: { transition_id: transitionId } }];
  }

  /** Gives its group up, as after a commit it cannot process. */
  startOver(transitionId: number): Reply[] {
    this.invalidations += 1;
    this.session.reinit(1, this.userId, this.#channelId);
    return [{ op: 31, body: { transition_id: transitionId } }, this.keyPackage()];
  }

  #receiveJson(op: number, data: object): Reply[] {
    if (op === 22 && "transition_id" in data) this.executed.push(Number(data.transition_id));
    if (op !== 24) return [];
    this.session.reinit(1, this.userId, this.#channelId);
    return [this.keyPackage()];
  }
}
