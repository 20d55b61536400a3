/** The nickname while recording: pure text. */

/** Stands before the bot's name while it records. */
const PREFIX = "[REC] ";

/** Discord's limit for nicknames. */
const MAX_CHARACTERS = 32;

/** Whether this nickname says that a recording runs. */
export function isRecordingNickname(nickname: string | null | undefined): nickname is string {
  return nickname?.startsWith(PREFIX.trim()) ?? false;
}

/** The name with the sign before it, cut to what Discord takes, no surrogate pair split. */
export function recordingNickname(displayName: string): string {
  const kept: string[] = [];
  let length = PREFIX.length;
  for (const character of withoutSign(displayName)) {
    length += character.length;
    if (length > MAX_CHARACTERS) break;
    kept.push(character);
  }
  return (PREFIX + kept.join("")).trim();
}

/**
 * The nickname to restore where only the shown one is left (after a crash); null for none. What the user name itself
 * begins with was no nickname. Of a nickname above 26 characters the end is lost: nothing but the nickname survives.
 */
export function formerNickname(shown: string, userDisplayName: string): string | null {
  const former = withoutSign(shown);
  return former === "" || withoutSign(recordingNickname(userDisplayName)) === former ? null : former;
}

function withoutSign(name: string): string {
  return isRecordingNickname(name) ? name.slice(PREFIX.trim().length).trimStart() : name;
}
