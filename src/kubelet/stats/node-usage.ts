/**
 * What the node uses: of its root control group, so that a node which is a container counts itself and not its host;
 * of the kernel's own books where the root has no figures (control groups v2 of a machine).
 */
import { readFile } from "node:fs/promises";

/** Bytes: what is taken, of that what is not merely cached, and what no file stands behind; and faults since the start. */
export interface MemoryUsage {
  readonly usage: number;
  readonly workingSet: number;
  readonly rss: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

export interface NodeUsage {
  /** Since the node started. */
  readonly cpuNanoseconds: number;
  readonly memory: MemoryUsage & { readonly available: number };
}

/** USER_HZ, in which /proc/stat counts. */
const ticksPerSecond = 100;

export interface ProcessLimits {
  readonly maximum: number;
  readonly current: number;
}

/** Processes and threads of the whole machine, and how many there can be: the lower of the kernel's two limits. */
export async function readProcessLimits(read: ReadText = readText): Promise<ProcessLimits> {
  const [processes, threads, load] = await Promise.all([
    read("/proc/sys/kernel/pid_max"),
    read("/proc/sys/kernel/threads-max"),
    read("/proc/loadavg"),
  ]);
  const limits = [processes, threads].filter((text) => text !== undefined).map(Number);
  return { maximum: Math.min(...limits), current: Number(/\d+\/(\d+)/.exec(load ?? "")?.[1] ?? 0) };
}

/** Text of a file; undefined where there is none. */
export type ReadText = (path: string) => Promise<string | undefined>;

export const readText: ReadText = (path) =>
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
  const memory = groupMemory(usage, statistics ?? "", v1 === undefined ? 2 : 1);
  return { ...memory, available: Math.max(0, total - memory.workingSet) };
}

/** From a control group's memory.stat, of either version. */
export function groupMemory(usage: number, statistics: string, version: 1 | 2): MemoryUsage {
  // The first version counts a group apart from those in it.
  const read = (name: string): number => field(statistics, version === 1 ? `total_${name}` : name);
  return {
    usage,
    workingSet: Math.max(0, usage - read("inactive_file")),
    rss: read(version === 1 ? "rss" : "anon"),
    pageFaults: read("pgfault"),
    majorPageFaults: read("pgmajfault"),
  };
}

/** The number after a name at the start of a line; 0: it is not there. */
export function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
