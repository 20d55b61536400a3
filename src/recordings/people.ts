/** What a recording needs of the people's side, Discord: names, and a visible notice. `discord/` implements both. */
import type { Manifest } from "./manifest.ts";
import type { EndCause } from "./session-state.ts";

export type Names = {
  /** The display name in the guild; falls back to the user name, then to the id. Never rejects. */
  nameOf(guildId: string, userId: string): Promise<string>;
  /** The channel's name; its id where it is unknown. */
  channelNameOf(channelId: string): string;
};

/** Somebody who speaks and cannot be decrypted, or could not. */
export type UnheardPerson = { readonly userId: string; readonly name: string };

/** Where the public message stands. */
export type PostedNotice = NonNullable<Manifest["notice"]>;

export type NoticeBoard = {
  /**
   * Makes it visible that a recording runs, before the first packet is stored: `[REC]` nickname and a public message in
   * the channel's chat. Resolves when at least one stands; rejects with `E-NOTICE` when neither is possible. Where the
   * message stands is told as soon as it does: another process may have to turn it into the past.
   */
  show(manifest: Manifest, onPosted?: (notice: PostedNotice) => void): Promise<void>;
  /**
   * The recording goes on in another channel, the manifest's: repeats the notice there, and turns the one in the former
   * channel into the past. Rejects with `E-NOTICE` when neither nickname nor message can stand.
   */
  move(
    manifest: Manifest,
    former: Manifest["channel"],
    onPosted?: (notice: PostedNotice) => void,
  ): Promise<void>;
  /** Refreshes the message after a change of state. Never rejects. */
  update(manifest: Manifest): Promise<void>;
  /** Says something to everybody in the channel that cannot wait for the end, as a message of its own. Never rejects. */
  alert(manifest: Manifest, text: string): Promise<void>;
  /** Tells everybody in the channel that somebody speaks and is not recorded. Not too often. Never rejects. */
  unheard(manifest: Manifest, person: UnheardPerson): Promise<void>;
  /** Withdraws that. Never rejects. */
  heardAgain(manifest: Manifest, person: UnheardPerson): Promise<void>;
  /**
   * Restores the nickname and turns the message into the past; whoever started a recording that nobody stopped gets its
   * links. Never rejects.
   * @param ended why it ended; undefined where this process recorded nothing of it.
   */
  clear(manifest: Manifest, ended: EndCause["kind"] | undefined): Promise<void>;
};
