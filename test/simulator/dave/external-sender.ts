import { generateKeyPairSync, sign } from "node:crypto";
import { BASIC_CREDENTIAL, PROTOCOL_VERSION, refHash, signContent, wireFormats } from "./mls.ts";
import type { KeyPackage } from "./mls.ts";
import { u8, u16, u32, u64, vector } from "./tls-codec.ts";

const EXTERNAL_SENDER = 2;
const PROPOSAL = 2;
const proposalTypes = { add: 1, remove: 3 } as const;

/** The voice server's own MLS identity: not a member, yet allowed to propose who comes and goes. */
export type ExternalSender = {
  /** ExternalSender struct (RFC 9420 §12.1.8.1), the body of op 25. */
  readonly credential: Buffer;
  /** Signs with ECDSA P-256 over SHA-256, in DER. */
  readonly sign: (content: Buffer) => Buffer;
};

export type Proposal = {
  readonly ref: Buffer;
  /** MLSMessage with a PublicMessage. */
  readonly message: Buffer;
};

/** Makes a key pair and its credential; the real server's identity is the two bytes `01 00` as well. */
export function createExternalSender(): ExternalSender {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([u8(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return {
    credential: Buffer.concat([vector(point), u16(BASIC_CREDENTIAL), vector(Buffer.of(1, 0))]),
    sign: (content) => sign("sha256", content, privateKey),
  };
}

/** Proposes that the owner of the key package enters. */
export function proposeAdd(
  sender: ExternalSender,
  channelId: string,
  epoch: bigint,
  joiner: KeyPackage,
): Proposal {
  return propose(sender, channelId, epoch, Buffer.concat([u16(proposalTypes.add), joiner.bytes]));
}

/** Proposes that the leaf becomes blank. */
export function proposeRemove(
  sender: ExternalSender,
  channelId: string,
  epoch: bigint,
  leaf: number,
): Proposal {
  return propose(sender, channelId, epoch, Buffer.concat([u16(proposalTypes.remove), u32(leaf)]));
}

function propose(sender: ExternalSender, channelId: string, epoch: bigint, proposal: Buffer): Proposal {
  const content = Buffer.concat([
    vector(u64(BigInt(channelId))),
    u64(epoch),
    u8(EXTERNAL_SENDER),
    u32(0), // index in the group's external_senders
    vector(), // authenticated_data
    u8(PROPOSAL),
    proposal,
  ]);
  const wireFormat = u16(wireFormats.publicMessage);
  const version = u16(PROTOCOL_VERSION);
  // RFC 9420 §6.1: only members sign over the group context, so the server needs to know none.
  const signature = sender.sign(
    signContent("FramedContentTBS", Buffer.concat([version, wireFormat, content])),
  );
  const authenticated = Buffer.concat([wireFormat, content, vector(signature)]);
  return {
    ref: refHash("MLS 1.0 Proposal Reference", authenticated),
    message: Buffer.concat([version, authenticated]),
  };
}
