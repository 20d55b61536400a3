/** Independent readers of ZIPs: Info-ZIP's unzip and Python's zipfile. */
import { execFileSync, spawnSync } from "node:child_process";

export type ListedEntry = {
  readonly name: string;
  readonly size: number;
  /** 0: stored. */
  readonly method: number;
  readonly sha256: string;
};

/** A reason to skip, or false. */
export function noZipReaders(): string | false {
  for (const [command, flag] of [
    ["unzip", "-v"],
    ["python3", "--version"],
  ] as const)
    if (spawnSync(command, [flag], { stdio: "ignore" }).error !== undefined)
      return `${command} is not installed on this machine`;
  return false;
}

/** Throws unless unzip finds every checksum right. */
export function unzipTests(path: string): string {
  return execFileSync("unzip", ["-t", path], { encoding: "utf8" });
}

const LIST = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps([dict(name=i.filename, size=i.file_size, method=i.compress_type,
        sha256=hashlib.sha256(z.read(i)).hexdigest()) for i in z.infolist()]))
`;

export function pythonList(path: string): readonly ListedEntry[] {
  return JSON.parse(execFileSync("python3", ["-c", LIST, path], { encoding: "utf8" })) as ListedEntry[];
}
