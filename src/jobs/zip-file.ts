import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { callbackify } from "node:util";
import { ZipFile } from "yazl";
import { RoundBuffers } from "./round-buffers.ts";

/** A ZIP that only depends on what goes into it: stored, never compressed, in the order given, all with one date. */
export type ZipEntry = {
  /** Inside the ZIP, with `/` between folders. */
  readonly name: string;
  /** The file that it is a copy of. */
  readonly path: string;
  readonly sizeBytes: number;
};

/** A regular file that its owner may write: no trace of the machine's own rights. */
const MODE = 0o100644;

/** The size of the ZIP of these entries, Zip64 records included; with very many entries up to 76 bytes too much. */
export function zipBytes(entries: readonly Pick<ZipEntry, "name" | "sizeBytes">[]): number {
  const zip = new ZipFile();
  for (const entry of entries)
    zip.addReadStreamLazy(entry.name, optionsOf(entry, new Date(0)), () => undefined);
  let bytes = 0;
  zip.end((calculated) => (bytes = calculated));
  return bytes;
}

/**
 * Writes a new file; it is on the disk when this resolves. Rejects when a source or the disk fails, when a source changes
 * its size, and with the signal; what is written then is the caller's to remove. Zip64 where 4 GiB are reached.
 */
export async function writeZip(
  entries: readonly ZipEntry[],
  target: string,
  options: {
    readonly mtime: Date;
    readonly signal: AbortSignal;
    readonly onBytes: (writtenBytes: number) => void;
  },
): Promise<void> {
  await using file = await open(target, "wx");
  const zip = new ZipFile();
  const buffers = new RoundBuffers();
  const sources: Readable[] = [];
  zip.on("error", (error: Error) => zip.outputStream.destroy(error));
  for (const entry of entries)
    zip.addReadStreamLazy(entry.name, optionsOf(entry, options.mtime), (give) => {
      const source = Readable.from(piecesOf(entry.path, buffers));
      source.on("error", (error) => zip.outputStream.destroy(error));
      sources.push(source);
      give(null, source);
    });
  zip.end();
  try {
    await pipeline(zip.outputStream, sinkInto(file, buffers, options.onBytes), { signal: options.signal });
    await file.sync();
  } finally {
    for (const source of sources) source.destroy();
  }
}

async function* piecesOf(path: string, buffers: RoundBuffers): AsyncGenerator<Buffer> {
  await using file = await open(path, "r");
  for (;;) {
    const buffer = buffers.take();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    const piece = buffers.lend(buffer, bytesRead);
    if (bytesRead === 0) return buffers.giveBack(piece);
    yield piece;
  }
}

function sinkInto(
  file: FileHandle,
  buffers: RoundBuffers,
  onBytes: (writtenBytes: number) => void,
): Writable {
  let written = 0;
  const append = callbackify(async (piece: Buffer): Promise<void> => {
    await file.appendFile(piece);
    buffers.giveBack(piece);
    onBytes((written += piece.length));
  });
  return new Writable({ write: (piece: Buffer, _encoding, done) => append(piece, done) });
}

function optionsOf({ sizeBytes }: Pick<ZipEntry, "sizeBytes">, mtime: Date) {
  return { mtime, mode: MODE, compress: false, size: sizeBytes };
}
