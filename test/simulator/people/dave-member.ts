import davey from "@snazzah/davey";
import { SILENCE_FRAME } from "../voice/rtp-packet.ts";
import type { VoiceRoom } from "../voice/voice-room.ts";

/**
 * Speech encrypted ahead, at most so much, when an epoch changes: official clients send with the old epoch's key until
 * the change executes (op 22), but davey's encryptor changes within `processCommit`.
 */
const LOOK_AHEAD_FRAMES = 150;

type AnnouncedChange = {
  readonly transition: number;
  /** Encrypted with the epoch before the change, in the order in which they are to be sent. */
  readonly ahead: { readonly plain: Buffer; readonly sealed: Buffer }[];
};

export type DaveMemberOptions = {
  readonly userId: string;
  readonly room: VoiceRoom;
  readonly problem: (text: string) => void;
};

/** Lives on the simulator's thread: a simulated person's half of DAVE, with davey as an ordinary client drives it. */
export class DaveMember {
  readonly #userId: string;
  readonly #room: VoiceRoom;
  readonly #problem: (text: string) => void;
  readonly #session: davey.DAVESession;
  readonly #present = new Set<string>();
  /** Fault: seals as with a key that nobody else has. */
  sealsWrongly = false;
  /** Media is sent in clear: there is no encryption, or none yet. */
  #clear = false;
  /** The transition that begins or ends encryption. */
  #switchAt: number | undefined;
  #offered = false;
  /** Changes that were announced and not yet executed, oldest first: speech goes on with the oldest one's keys. */
  #changes: AnnouncedChange[] = [];

  constructor({ userId, room, problem }: DaveMemberOptions) {
    this.#userId = userId;
    this.#room = room;
    this.#problem = problem;
    this.#present.add(userId);
    this.#session = new davey.DAVESession(davey.DAVE_PROTOCOL_VERSION, userId, room.channelId);
  }

  get isReady(): boolean {
    return this.#clear || this.#session.ready;
  }

  /** Encrypts a frame once for all who hear it. Silence stays as it is, also without a group to speak to. */
  seal(frame: Buffer): Buffer {
    const sealed = this.#seal(frame);
    if (!this.sealsWrongly || sealed.equals(frame)) return sealed;
    const foreign = Buffer.from(sealed);
    foreign.writeUInt8(foreign.readUInt8(0) ^ 0xff, 0);
    return foreign;
  }

  #seal(frame: Buffer): Buffer {
    if (this.#clear) return frame;
    // Every change holds the frame, each with its own key: they stay in step.
    const [sealed] = this.#changes.map(({ ahead }) =>
      ahead[0]?.plain === frame ? ahead.shift()?.sealed : undefined,
    );
    if (sealed !== undefined) return sealed;
    this.#changes.length = 0; // said after the announcement: davey has only the newest keys for it
    if (!this.#session.ready || frame.equals(SILENCE_FRAME)) return frame;
    return this.#session.encryptOpus(frame);
  }

  /** Whether a frame of somebody else can be decrypted. */
  opens(payload: Buffer, fromUserId: string): boolean {
    if (this.#clear || payload.equals(SILENCE_FRAME)) return true;
    try {
      this.#session.decrypt(fromUserId, davey.MediaType.AUDIO, payload);
      return true;
    } catch {
      return false; // counted by the caller
    }
  }

  json(op: number, data: unknown): void {
    const message = (data ?? {}) as Record<string, unknown>;
    const transition = message["transition_id"];
    if (op === 11) for (const id of message["user_ids"] as string[]) this.#present.add(id);
    else if (op === 13) this.#present.delete(String(message["user_id"]));
    else if (op === 21 && transition !== 0) {
      if (message["protocol_version"] === 0) this.#switchAt = Number(transition);
      this.#answer(23, { transition_id: transition });
    } else if (op === 22) this.#execute(transition);
    else if (op === 24 && message["epoch"] === 1) this.#startOver();
  }

  /** A binary message; `upcoming` is what the person is about to say. */
  binary(op: number, body: Buffer, upcoming: readonly (Buffer | undefined)[]): void {
    if (op === 25) {
      this.#session.setExternalSender(body);
      if (!this.#offered) this.#offerKeyPackage();
    } else if (op === 27) this.#proposals(body);
    else if (op === 29 || op === 30) this.#transition(op, body, upcoming);
  }

  /** Forgets the group and asks to be added to the next one. */
  #startOver(): void {
    this.#changes.length = 0;
    this.#session.reinit(davey.DAVE_PROTOCOL_VERSION, this.#userId, this.#room.channelId);
    this.#offerKeyPackage();
  }

  #offerKeyPackage(): void {
    this.#offered = true;
    this.#answer(26, this.#session.getSerializedKeyPackage());
  }

  #proposals(body: Buffer): void {
    const operation =
      body.readUInt8(0) === 1 ? davey.ProposalsOperationType.REVOKE : davey.ProposalsOperationType.APPEND;
    const { commit, welcome } = this.#session.processProposals(operation, body.subarray(1), [
      ...this.#present,
    ]);
    if (commit !== undefined)
      this.#answer(28, welcome === undefined ? commit : Buffer.concat([commit, welcome]));
  }

  #transition(op: 29 | 30, body: Buffer, upcoming: readonly (Buffer | undefined)[]): void {
    const transition = body.readUInt16BE(0);
    if (this.#clear) this.#switchAt = transition;
    else if (op === 29 && transition !== 0) this.#sealAhead(transition, upcoming);
    try {
      if (op === 29) this.#session.processCommit(body.subarray(2));
      else this.#session.processWelcome(body.subarray(2));
      if (transition !== 0) this.#answer(23, { transition_id: transition });
    } catch (error) {
      this.#problem(`${this.#userId} refuses ${op === 29 ? "a commit" : "a welcome"}: ${String(error)}`);
      this.#answer(31, { transition_id: transition });
      this.#startOver();
    }
  }

  #sealAhead(transition: number, upcoming: readonly (Buffer | undefined)[]): void {
    if (!this.#session.ready) return;
    const ahead = upcoming.slice(0, LOOK_AHEAD_FRAMES).flatMap((plain) => {
      if (plain === undefined) return [];
      return [{ plain, sealed: plain.equals(SILENCE_FRAME) ? plain : this.#session.encryptOpus(plain) }];
    });
    this.#changes.push({ transition, ahead });
  }

  /** Switches to the keys of a change; those before it are over as well. */
  #execute(transition: unknown): void {
    if (transition === this.#switchAt) {
      this.#clear = !this.#clear;
      this.#switchAt = undefined;
    }
    this.#changes.splice(0, this.#changes.findIndex((change) => change.transition === transition) + 1);
  }

  #answer(op: number, body: unknown): void {
    this.#room.encryption?.receive(this.#userId, op, body);
  }
}
