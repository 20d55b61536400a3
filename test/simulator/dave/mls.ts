import { createHash, createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { TlsReader, vector } from "./tls-codec.ts";

/** DHKEMP256_AES128GCM_SHA256_P256: the only suite of DAVE protocol version 1. */
export const CIPHER_SUITE = 2;
export const PROTOCOL_VERSION = 1;
export const BASIC_CREDENTIAL = 1;

export const wireFormats = { publicMessage: 1, keyPackage: 5 } as const;

const leafNodeSources = { keyPackage: 1, update: 2, commit: 3 } as const;
const FOREVER = 2n ** 64n - 1n;

/** What a delivery service knows of a joiner. */
export type KeyPackage = {
  /** The bare KeyPackage: what an Add proposal carries. */
  readonly bytes: Buffer;
  /** Names the package in a Welcome (RFC 9420 §5.2). */
  readonly ref: Buffer;
};

type LeafNode = {
  readonly signatureKey: Buffer;
  readonly identity: Buffer;
  readonly toBeSigned: Buffer;
  readonly signature: Buffer;
  readonly source: number;
  readonly lifetime: { readonly notBefore: bigint; readonly notAfter: bigint } | undefined;
};

/** RefHash of RFC 9420 §5.2, on SHA-256. */
export function refHash(label: string, value: Buffer): Buffer {
  return createHash("sha256")
    .update(vector(Buffer.from(label)))
    .update(vector(value))
    .digest();
}

/** What SignWithLabel signs (RFC 9420 §5.1.2). */
export function signContent(label: string, content: Buffer): Buffer {
  return Buffer.concat([vector(Buffer.from(`MLS 1.0 ${label}`)), vector(content)]);
}

/**
 * An ECDSA P-256 key from its uncompressed point of 65 bytes.
 * @throws RangeError for any other form
 */
export function publicKeyOf(point: Uint8Array): KeyObject {
  if (point.length !== 65 || point[0] !== 4) throw new RangeError("P-256 key is not an uncompressed point");
  const x = Buffer.from(point.subarray(1, 33)).toString("base64url");
  const y = Buffer.from(point.subarray(33)).toString("base64url");
  try {
    return createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  } catch (cause) {
    throw new RangeError("P-256 key is not a point of the curve", { cause });
  }
}

/** Checks a signature in DER over a labelled content. */
export function verifyWithLabel(
  publicKey: Buffer,
  label: string,
  content: Buffer,
  signature: Buffer,
): boolean {
  return verify("sha256", signContent(label, content), publicKeyOf(publicKey), signature);
}

/** Reads a LeafNode (RFC 9420 §7.2) of whatever source. */
export function readLeafNode(reader: TlsReader): LeafNode {
  const start = reader.offset;
  reader.vector(); // encryption_key
  const signatureKey = reader.vector();
  if (reader.u16() !== BASIC_CREDENTIAL) throw new RangeError("MLS credential is not basic");
  const identity = reader.vector();
  for (let capability = 0; capability < 5; capability += 1) reader.vector();
  const source = reader.u8();
  let lifetime: LeafNode["lifetime"];
  if (source === leafNodeSources.keyPackage) lifetime = { notBefore: reader.u64(), notAfter: reader.u64() };
  else if (source === leafNodeSources.commit)
    reader.vector(); // parent_hash
  else if (source !== leafNodeSources.update) throw new RangeError(`MLS leaf node source ${source}`);
  reader.vector(); // extensions
  const toBeSigned = reader.since(start);
  return { signatureKey, identity, toBeSigned, signature: reader.vector(), source, lifetime };
}

/**
 * Reads and validates the body of op 26: a bare KeyPackage (davey) or one inside an MLSMessage (libdave).
 * @throws RangeError saying what is wrong, also when it is somebody else's
 */
export function parseKeyPackage(body: Buffer, userId: string): KeyPackage {
  const isWrapped = body.length >= 4 && body.readUInt16BE(2) === wireFormats.keyPackage;
  const bytes = isWrapped ? body.subarray(4) : body;
  const reader = new TlsReader(bytes);
  if (reader.u16() !== PROTOCOL_VERSION) throw new RangeError("key package of another MLS version");
  if (reader.u16() !== CIPHER_SUITE) throw new RangeError("key package of another cipher suite");
  reader.vector(); // init_key
  const leaf = readLeafNode(reader);
  reader.vector(); // extensions
  const toBeSigned = reader.since(0);
  const signature = reader.vector();
  if (!reader.atEnd) throw new RangeError("key package has bytes after its end");
  if (leaf.identity.length !== 8 || leaf.identity.readBigUInt64BE() !== BigInt(userId)) {
    throw new RangeError("key package is of another user");
  }
  if (leaf.source !== leafNodeSources.keyPackage) throw new RangeError("key package without a lifetime");
  if (leaf.lifetime?.notBefore !== 0n || leaf.lifetime.notAfter !== FOREVER) {
    throw new RangeError("key package lifetime is not 0 to 2^64 - 1");
  }
  if (!verifyWithLabel(leaf.signatureKey, "LeafNodeTBS", leaf.toBeSigned, leaf.signature)) {
    throw new RangeError("leaf node signature does not verify");
  }
  if (!verifyWithLabel(leaf.signatureKey, "KeyPackageTBS", toBeSigned, signature)) {
    throw new RangeError("key package signature does not verify");
  }
  return { bytes: Buffer.from(bytes), ref: refHash("MLS 1.0 KeyPackage Reference", bytes) };
}
