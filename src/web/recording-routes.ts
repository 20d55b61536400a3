import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Catalog } from "../recordings/catalog.ts";
import { archiveName, titleSlug } from "../recordings/archive-name.ts";
import { isOver } from "../recordings/manifest.ts";
import type { Manifest, ManifestTrack } from "../recordings/manifest.ts";
import { isRecordingId } from "../recordings/recording-id.ts";
import { hasExpired } from "../recordings/retention.ts";
import { slugOf } from "../recordings/slug.ts";
import type { Storage } from "../recordings/storage.ts";
import type { Links } from "./links.ts";
import { messagePage } from "./message-pages.ts";
import { recordingPage } from "./recording-page.ts";

export type RecordingRoutesOptions = {
  readonly links: Links;
  readonly catalog: Catalog;
  readonly storage: Storage;
  readonly retentionDays: number;
  /** Asks for a ZIP that is wanted and not there. Never rejects; may be called often. */
  readonly requestArchive: (id: string) => void;
};

type Signature = { exp?: string | string[]; sig?: string | string[] };
type PageRoute = { Params: { id: string } };
type TrackRoute = { Params: { id: string; file: string }; Querystring: Signature };
type ArchiveRoute = { Params: { id: string }; Querystring: Signature };

/** `GET` and `HEAD` of a recording's page and of its tracks. `@fastify/static` must be registered for `sendFile`. */
export function recordingRoutes(server: FastifyInstance, options: RecordingRoutesOptions): void {
  const { links, catalog, storage, retentionDays } = options;

  server.get<PageRoute>("/r/:id", async (request, reply) => {
    const { id } = request.params;
    const manifest = isRecordingId(id) ? await catalog.find(id) : undefined;
    const nowMs = Date.now();
    // Its deletion may be a while in coming; for people it has happened.
    if (manifest === undefined || (isOver(manifest) && hasExpired(manifest, retentionDays, nowMs)))
      return sendMessage(reply, 404);
    if (!(await storage.exists(id))) return sendMessage(reply, 404);
    const archiveBytes = (await storage.archiveFile(manifest))?.sizeBytes;
    // The page says that it is being made, while its job may have been given up long ago.
    if (archiveBytes === undefined && isOver(manifest) && manifest.tracks.length > 0)
      options.requestArchive(id);
    reply.header("cache-control", "private, no-store");
    return sendPage(reply, recordingPage(manifest, { links, retentionDays, nowMs, archiveBytes }));
  });

  // Links in the page are relative to its address without a slash; so is this one, right under whatever prefix.
  server.get<PageRoute>("/r/:id/", async (request, reply) => {
    const { id } = request.params;
    return isRecordingId(id) ? reply.redirect(`../${id}`, 308) : sendMessage(reply, 404);
  });

  server.get<ArchiveRoute>("/r/:id/archive.zip", async (request, reply) => {
    const { id } = request.params;
    const { exp, sig } = request.query;
    if (typeof exp !== "string" || typeof sig !== "string") return sendMessage(reply, 403);
    const verdict = links.verifyArchive(id, exp, sig, Date.now() / 1000);
    if (verdict === "valid") return sendArchive(reply, id);
    return sendMessage(reply, verdict === "expired" ? 410 : 403);
  });

  server.get<TrackRoute>("/r/:id/tracks/:file", async (request, reply) => {
    const { id, file } = request.params;
    const { exp, sig } = request.query;
    const track = /^([1-9]\d{0,3})\.wav$/.exec(file)?.[1];
    // Nothing is looked up before the signature has been found right: a wrong one learns nothing, not even by the time.
    if (track === undefined || typeof exp !== "string" || typeof sig !== "string")
      return sendMessage(reply, 403);
    const verdict = links.verify(id, track, exp, sig, Date.now() / 1000);
    if (verdict === "valid") return sendTrack(reply, id, Number(track));
    return sendMessage(reply, verdict === "expired" ? 410 : 403);
  });

  async function sendTrack(reply: FastifyReply, id: string, number: number): Promise<FastifyReply> {
    const manifest = await catalog.find(id);
    if (manifest === undefined) return sendMessage(reply, 404);
    if (!isOver(manifest)) return sendMessage(reply.header("retry-after", "30"), 409);
    const found = (await storage.trackFiles(id)).get(number);
    const track = manifest.tracks.find((one) => one.track === number);
    if (found === undefined || track === undefined) return sendMessage(reply, 404);
    return sendDownload(reply, {
      type: "audio/wav",
      name: trackDownloadName(manifest, track),
      file: found.file,
      directory: storage.tracksDirectory(id),
    });
  }

  async function sendArchive(reply: FastifyReply, id: string): Promise<FastifyReply> {
    const manifest = await catalog.find(id);
    if (manifest === undefined) return sendMessage(reply, 404);
    if (!isOver(manifest)) return sendMessage(reply.header("retry-after", "30"), 409);
    const found = await storage.archiveFile(manifest);
    if (found === undefined) {
      options.requestArchive(id);
      return sendMessage(reply.header("retry-after", "30"), 503);
    }
    return sendDownload(reply, {
      type: "application/zip",
      name: archiveName(manifest),
      file: found.file,
      directory: storage.exportsDirectory(id),
    });
  }
}

/** A final file: ranges, validators and length are `@fastify/static`'s. */
function sendDownload(
  reply: FastifyReply,
  file: { readonly type: string; readonly name: string; readonly file: string; readonly directory: string },
): FastifyReply {
  reply.headers({
    "content-type": file.type,
    "content-disposition": disposition(file.name),
    // A proxy that recompressed it would break the tag's promise of identical bytes.
    "cache-control": "private, no-transform",
  });
  return reply.sendFile(file.file, file.directory, { contentType: false, cacheControl: false });
}

/** An HTML response. */
function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(page);
}

/** A page instead of the thing asked for. */
export function sendMessage(reply: FastifyReply, statusCode: number): FastifyReply {
  reply.removeHeader("content-disposition");
  reply.header("cache-control", "no-store");
  return sendPage(reply.code(statusCode), messagePage(statusCode));
}

/** `Weekly-01-Zoë.wav`. */
function trackDownloadName(manifest: Manifest, track: ManifestTrack): string {
  const number = String(track.track).padStart(2, "0");
  return `${titleSlug(manifest)}-${number}-${slugOf(track.name, "user")}.wav`;
}

/** RFC 6266, with an ASCII form for programs that know no other. */
function disposition(name: string): string {
  const ascii = name
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^\x20-\x7e]/gu, "_");
  return contentDisposition(name, { fallback: ascii });
}
