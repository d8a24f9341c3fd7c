/** What the machine has and is: processors, memory, disk, and the names that nodeInfo reports. */
import { readdir, readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism } from "node:os";
import type { NodeSystemInfo } from "../../kinds/generated/core-v1.ts";
import { kubernetesVersion } from "../../lib/version.ts";

export interface Machine {
  /** Thousandths of a core. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of the file system that holds the kubelet's folder. */
  readonly disk: number;
  /** `hugepages-2Mi` and so on, to bytes. */
  readonly hugePages: Readonly<Record<string, number>>;
  readonly info: Omit<NodeSystemInfo, "containerRuntimeVersion">;
}

const read = (path: string): Promise<string> =>
  readFile(path, "utf8").then(
    (text) => text.trim(),
    () => "",
  );

export async function readMachine(root: string): Promise<Machine> {
  const [memory, disk, hugePages, osRelease, machineID, systemUUID, bootID, kernelVersion] = await Promise.all([
    readMemory(),
    statfs(root),
    readHugePages(),
    read("/etc/os-release"),
    read("/etc/machine-id"),
    read("/sys/class/dmi/id/product_uuid"),
    read("/proc/sys/kernel/random/boot_id"),
    read("/proc/sys/kernel/osrelease"),
  ]);
  return {
    cpu: availableParallelism() * 1000,
    memory: memory.total,
    disk: disk.blocks * disk.bsize,
    hugePages,
    info: {
      machineID,
      systemUUID: systemUUID || machineID,
      bootID,
      kernelVersion,
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "Linux",
      operatingSystem: "linux",
      architecture: goArchitecture(),
      kubeletVersion: kubernetesVersion,
      kubeProxyVersion: "",
    },
  };
}

export function goArchitecture(): string {
  const name = arch();
  return name === "x64" ? "amd64" : name;
}

/** Bytes: all memory, and what could be had without swapping. */
export async function readMemory(): Promise<{ total: number; available: number }> {
  const text = await read("/proc/meminfo");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { total: field("MemTotal"), available: field("MemAvailable") };
}

async function readHugePages(): Promise<Record<string, number>> {
  const folder = "/sys/kernel/mm/hugepages";
  const names = await readdir(folder).catch(() => []);
  const result: Record<string, number> = {};
  for (const name of names) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kilobytes === 0) continue;
    const size = kilobytes % 1048576 === 0 ? `${kilobytes / 1048576}Gi` : `${kilobytes / 1024}Mi`;
    result[`hugepages-${size}`] = Number(await read(`${folder}/${name}/nr_hugepages`)) * kilobytes * 1024;
  }
  return result;
}
