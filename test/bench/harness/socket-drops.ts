/** What the kernel threw away before a process read it. Linux only. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** Datagrams dropped for want of room in the buffers of a process's UDP sockets that are open now. */
export function socketDrops(pid: number): number {
  const sockets = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${descriptor}`))?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  return ["udp", "udp6"].reduce(
    (sum, table) => sum + dropsIn(readFileSync(`/proc/${pid}/net/${table}`, "utf8"), sockets),
    0,
  );
}

/** Sum of the last column of `/proc/net/udp` for sockets with these inodes (proc_net_udp(5): `inode` is the tenth). Pure. */
export function dropsIn(table: string, inodes: ReadonlySet<string>): number {
  let drops = 0;
  for (const line of table.trim().split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (inodes.has(columns[9] ?? "")) drops += Number(columns.at(-1));
  }
  return drops;
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ""; // closed meanwhile
  }
}
