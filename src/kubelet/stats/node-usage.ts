/**
 * What the node uses: of its root control group, so that a node which is a container counts itself and not its host;
 * of the kernel's own books where the root has no figures (control groups v2 of a machine).
 */
import { readFile } from "node:fs/promises";

export interface NodeUsage {
  /** Since the node started. */
  readonly cpuNanoseconds: number;
  /** Bytes: what is taken, and of that what is not merely cached. */
  readonly memory: { readonly usage: number; readonly workingSet: number; readonly available: number };
}

/** USER_HZ, in which /proc/stat counts. */
const ticksPerSecond = 100;

/** Text of a file; undefined where there is none. */
export type ReadText = (path: string) => Promise<string | undefined>;

const readText: ReadText = (path) =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENODEV") return undefined;
    throw error;
  });

export async function readNodeUsage(read: ReadText = readText): Promise<NodeUsage> {
  const [cpuNanoseconds, memory] = await Promise.all([readCpu(read), readMemoryUsage(read)]);
  return { cpuNanoseconds, memory };
}

async function readCpu(read: ReadText): Promise<number> {
  const v1 = await read("/sys/fs/cgroup/cpuacct/cpuacct.usage");
  if (v1 !== undefined) return Number(v1);
  const v2 = await read("/sys/fs/cgroup/cpu.stat");
  if (v2 !== undefined) return field(v2, "usage_usec") * 1000;
  const [line = ""] = ((await read("/proc/stat")) ?? "").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return ((user + nice + system + irq + softirq) / ticksPerSecond) * 1e9;
}

async function readMemoryUsage(read: ReadText): Promise<NodeUsage["memory"]> {
  const v1 = await read("/sys/fs/cgroup/memory/memory.usage_in_bytes");
  const statistics = await read(v1 === undefined ? "/sys/fs/cgroup/memory.stat" : "/sys/fs/cgroup/memory/memory.stat");
  const counted = v1 ?? (await read("/sys/fs/cgroup/memory.current"));
  const machine = ((await read("/proc/meminfo")) ?? "").replaceAll(":", "");
  const total = field(machine, "MemTotal") * 1024;
  const usage = counted === undefined ? total - field(machine, "MemFree") * 1024 : Number(counted);
  const idle = field(statistics ?? "", v1 === undefined ? "inactive_file" : "total_inactive_file");
  const workingSet = Math.max(0, usage - idle);
  return { usage, workingSet, available: Math.max(0, total - workingSet) };
}

/** The number after a name at the start of a line. */
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
