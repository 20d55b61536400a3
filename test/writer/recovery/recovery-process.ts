/** Recovers the folder of its first argument, a `LeftRecording` as JSON, and is killed at the change of its second. */
import type { LeftRecording } from "../../../src/recordings/recovery-stage.ts";
import { recoverFolder } from "../../../src/writer/recovery/recover-folder.ts";
import { onDyingDisk } from "./dying-disk.ts";

const [left = "", at] = process.argv.slice(2);
const kill = (): void => void process.kill(process.pid, "SIGKILL");
onDyingDisk({ at: Number(at), how: "clean", kill }, () => recoverFolder(JSON.parse(left) as LeftRecording));
