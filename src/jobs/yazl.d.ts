/** The part of yazl 3.3 that is used; the package brings no types. */
declare module "yazl" {
  import type { EventEmitter } from "node:events";
  import type { Readable } from "node:stream";

  export type EntryOptions = {
    readonly mtime: Date;
    readonly mode: number;
    readonly compress: boolean;
    readonly size: number;
  };

  export class ZipFile extends EventEmitter {
    readonly outputStream: Readable;
    addReadStreamLazy(
      name: string,
      options: EntryOptions,
      source: (give: (error: Error | null, stream: Readable) => void) => void,
    ): void;
    /** `calculated`: the size of the whole file, where all sizes are known and nothing is compressed. */
    end(calculated?: (sizeBytes: number) => void): void;
  }
}
