import type { IncomingMessage } from "node:http";
import { invalidForm } from "./rest-error.ts";

/** A file that came with a multipart request. */
export type UploadedFile = {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType: string;
};

export type RequestBody = {
  /** The JSON body, or `payload_json` of a multipart one; undefined without body. */
  readonly json: unknown;
  readonly files: readonly UploadedFile[];
};

/** Reads a request's body, JSON or multipart; a malformed one is refused as Discord does (50035). */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const bytes = Buffer.concat(chunks);
  if (bytes.length === 0) return { json: undefined, files: [] };
  const contentType = request.headers["content-type"] ?? "";
  if (!contentType.startsWith("multipart/form-data")) return { json: parse(bytes.toString()), files: [] };
  const form = await new Response(bytes, { headers: { "content-type": contentType } }).formData();
  const files: UploadedFile[] = [];
  for (const [, value] of form) {
    if (typeof value === "string") continue;
    files.push({
      name: value.name,
      bytes: new Uint8Array(await value.arrayBuffer()),
      contentType: value.type,
    });
  }
  const payload = form.get("payload_json");
  return { json: typeof payload === "string" ? parse(payload) : {}, files };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidForm("The body is no JSON.");
  }
}
