/** What a control group's processes use, from the files of either version of control groups. */
import type { Cgroups } from "../resources/cgroups.ts";
import { field, groupMemory, type MemoryUsage, type ReadText, readText } from "./node-usage.ts";

export interface GroupUsage {
  readonly cpuNanoseconds: number;
  readonly memory: MemoryUsage;
}

/** `path`: as `Cgroups.parentOf` gives it. Undefined: there is no such group. */
export async function readGroupUsage(
  cgroups: Pick<Cgroups, "version" | "directory">,
  path: string,
  read: ReadText = readText,
): Promise<GroupUsage | undefined> {
  const ofV1 = cgroups.version === 1;
  const memory = cgroups.directory(path, "memory");
  const cpu = cgroups.directory(path, "cpuacct");
  const [cpuText, usageText, statistics] = await Promise.all([
    read(`${cpu}/${ofV1 ? "cpuacct.usage" : "cpu.stat"}`),
    read(`${memory}/${ofV1 ? "memory.usage_in_bytes" : "memory.current"}`),
    read(`${memory}/memory.stat`),
  ]);
  if (cpuText === undefined || usageText === undefined || statistics === undefined) return undefined;
  return {
    cpuNanoseconds: ofV1 ? Number(cpuText) : field(cpuText, "usage_usec") * 1000,
    memory: groupMemory(Number(usageText), statistics, cgroups.version),
  };
}

/** How many processes and threads are in the group; undefined: there is no such group, or nobody counts them. */
export async function readGroupProcesses(
  cgroups: Pick<Cgroups, "directory">,
  path: string,
  read: ReadText = readText,
): Promise<number | undefined> {
  const text = await read(`${cgroups.directory(path, "pids")}/pids.current`);
  return text === undefined ? undefined : Number(text);
}
