import { createReadStream, createWriteStream } from "node:fs";
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";

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
const READ_BYTES = 262_144;

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
  const zip = new ZipFile();
  const sources: Readable[] = [];
  const counter = new PassThrough();
  let written = 0;
  counter.on("data", (chunk: Buffer) => options.onBytes((written += chunk.length)));
  zip.on("error", (error: Error) => zip.outputStream.destroy(error));
  for (const entry of entries)
    zip.addReadStreamLazy(entry.name, optionsOf(entry, options.mtime), (give) => {
      const source = createReadStream(entry.path, { highWaterMark: READ_BYTES });
      source.on("error", (error) => zip.outputStream.destroy(error));
      sources.push(source);
      give(null, source);
    });
  zip.end();
  try {
    const file = createWriteStream(target, { flags: "wx", flush: true });
    await pipeline(zip.outputStream, counter, file, { signal: options.signal });
  } finally {
    for (const source of sources) source.destroy();
  }
}

function optionsOf({ sizeBytes }: Pick<ZipEntry, "sizeBytes">, mtime: Date) {
  return { mtime, mode: MODE, compress: false, size: sizeBytes };
}
