import { CIPHER_SUITE, PROTOCOL_VERSION, readLeafNode, wireFormats } from "./mls.ts";
import { TlsReader, u16, vector } from "./tls-codec.ts";

const MEMBER = 1;
const COMMIT = 3;
const BY_REFERENCE = 2;

/** What op 28 carries. */
export type CommitWelcome = {
  readonly epoch: bigint;
  readonly groupId: Buffer;
  readonly senderLeaf: number;
  /** ProposalRefs in the order of the commit, which is the order in which leaves are filled. */
  readonly refs: readonly Buffer[];
  /** The whole MLSMessage, as op 29 announces it. */
  readonly commit: Buffer;
  readonly welcome: Welcome | undefined;
};

type Welcome = {
  /** EncryptedGroupSecrets by KeyPackageRef in hex. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  readonly encryptedGroupInfo: Buffer;
};

/**
 * Reads an MLSMessage with a commit by reference, and the bare Welcome that may follow it. Nothing tells the
 * length of the commit, so it is read to its last tag. Its signature and tags need the group's secrets: unchecked.
 * @throws RangeError for anything else
 */
export function parseCommitWelcome(body: Buffer): CommitWelcome {
  const reader = new TlsReader(body);
  if (reader.u16() !== PROTOCOL_VERSION) throw new RangeError("commit of another MLS version");
  if (reader.u16() !== wireFormats.publicMessage) throw new RangeError("commit is not a public message");
  const groupId = reader.vector();
  const epoch = reader.u64();
  if (reader.u8() !== MEMBER) throw new RangeError("commit not sent by a member");
  const senderLeaf = reader.u32();
  reader.vector(); // authenticated_data
  if (reader.u8() !== COMMIT) throw new RangeError("message is not a commit");
  const refs = readRefs(reader.vector());
  if (reader.u8() === 1) {
    readLeafNode(reader); // UpdatePath
    reader.vector();
  }
  reader.vector(); // signature
  reader.vector(); // confirmation_tag
  reader.vector(); // membership_tag
  const commit = Buffer.from(reader.since(0));
  const welcome = reader.atEnd ? undefined : readWelcome(reader);
  return { epoch, groupId, senderLeaf, refs, commit, welcome };
}

/** The Welcome with no secrets but those of one joiner; undefined when it has none for them. */
export function welcomeFor(welcome: Welcome, keyPackageRef: Buffer): Buffer | undefined {
  const secrets = welcome.secrets.get(keyPackageRef.toString("hex"));
  if (secrets === undefined) return undefined;
  return Buffer.concat([u16(CIPHER_SUITE), vector(secrets), vector(welcome.encryptedGroupInfo)]);
}

function readRefs(proposals: Buffer): Buffer[] {
  const reader = new TlsReader(proposals);
  const refs: Buffer[] = [];
  while (!reader.atEnd) {
    if (reader.u8() !== BY_REFERENCE) throw new RangeError("commit carries a proposal of its own");
    refs.push(Buffer.from(reader.vector()));
  }
  return refs;
}

function readWelcome(reader: TlsReader): Welcome {
  if (reader.u16() !== CIPHER_SUITE) throw new RangeError("welcome of another cipher suite");
  const entries = new TlsReader(reader.vector());
  const secrets = new Map<string, Buffer>();
  while (!entries.atEnd) {
    const start = entries.offset;
    const ref = entries.vector().toString("hex");
    entries.vector(); // kem_output
    entries.vector(); // ciphertext
    secrets.set(ref, Buffer.from(entries.since(start)));
  }
  const encryptedGroupInfo = Buffer.from(reader.vector());
  if (!reader.atEnd) throw new RangeError("welcome has bytes after its end");
  return { secrets, encryptedGroupInfo };
}
