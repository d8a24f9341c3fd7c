/**
 * The OCI runtime configuration (runtime-spec 1.0) of a node: as privileged as Docker's --privileged, since a container
 * runtime, kubelet and a firewall run inside, with namespaces of its own for everything but users. The same init as in
 * a virtual machine is process 1.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineSpec } from "../driver.ts";
import { hostName } from "../host-name.ts";
import { machineRoot } from "./root-owned.ts";

export type CgroupVersion = 1 | 2;

/** Devices of the host that the node sees, besides those that every container has. */
interface Device {
  readonly path: string;
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
}

const devices: readonly Device[] = [
  { path: "/dev/kmsg", type: "c", major: 1, minor: 11 },
  { path: "/dev/fuse", type: "c", major: 10, minor: 229 },
  { path: "/dev/net/tun", type: "c", major: 10, minor: 200 },
  { path: "/dev/loop-control", type: "c", major: 10, minor: 237 },
];

/** Loop devices that the host has now; further ones are made in the node as it needs them. */
async function loopDevices(): Promise<Device[]> {
  return (await readdir("/dev"))
    .filter((name) => /^loop\d+$/.test(name))
    .map((name) => ({ path: `/dev/${name}`, type: "b", major: 7, minor: Number(name.slice(4)) }));
}

/** By number, as in linux/capability.h. */
const capabilityNames = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/);

/** All that this process may hand on: `mini` may itself run in a container that lacks some. */
async function availableCapabilities(): Promise<string[]> {
  const bounding = /^CapBnd:\s+([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
  const bits = BigInt(`0x${bounding}`);
  return capabilityNames.filter((_, number) => (bits >> BigInt(number)) & 1n).map((name) => `CAP_${name}`);
}

/** Containers get what the node has; raising it needs a capability that may be missing. */
async function openFilesLimit(): Promise<number> {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(await readFile("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined ? 1_048_576 : Math.min(Number(hard), 1_048_576);
}

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

function mounts(machine: MachineSpec, paths: MachinePaths, cgroups: CgroupVersion): Mount[] {
  const bind = (source: string, destination: string, ...options: string[]): Mount => ({
    destination,
    type: "bind",
    source,
    options: ["bind", ...options],
  });
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/dev", type: "tmpfs", source: "dev", options: ["nosuid", "mode=755", "size=65536k"] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "nodev", "mode=1777"] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "rw"] },
    {
      destination: "/sys/fs/cgroup",
      type: cgroups === 1 ? "cgroup" : "cgroup2",
      source: "cgroup",
      options: ["nosuid", "noexec", "nodev", "relatime", "rw"],
    },
    { destination: "/run", type: "tmpfs", source: "run", options: ["nosuid", "nodev", "mode=755"] },
    bind(paths.data, "/var", "rw", "rshared"),
    bind(paths.console, "/dev/console", "rw"),
    bind(machine.seed, "/mini/seed", "ro"),
    bind(machine.binary, "/mini/bin/mini", "ro"),
    // This process's, and not that of whoever mounts.
    ...(machine.entersHostNetwork ? [bind(`/proc/${process.pid}/ns/net`, "/mini/host-network")] : []),
  ];
}

export interface MachinePaths {
  /** The node's /var: what survives a stop. */
  readonly data: string;
  readonly console: string;
  readonly bundle: string;
  readonly root: string;
}

export function machinePaths(machine: Pick<MachineSpec, "name" | "hostName" | "folder">): MachinePaths {
  const folder = machineRoot(machine);
  const bundle = join(folder, "bundle");
  return { data: join(folder, "data"), console: join(folder, "console.log"), bundle, root: join(bundle, "rootfs") };
}

export async function ociConfig(machine: MachineSpec, cgroups: CgroupVersion): Promise<unknown> {
  const paths = machinePaths(machine);
  const [capabilities, openFiles] = await Promise.all([availableCapabilities(), openFilesLimit()]);
  const available = [...devices, ...(await loopDevices())].map((device) => ({
    ...device,
    fileMode: 0o600,
    uid: 0,
    gid: 0,
  }));
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ["/sbin/init"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=runc", "TERM=linux"],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: openFiles, soft: openFiles }],
      noNewPrivileges: false,
    },
    root: { path: paths.root, readonly: false },
    hostname: machine.name,
    mounts: mounts(machine, paths, cgroups),
    linux: {
      cgroupsPath: `/mini/${hostName(machine)}`,
      namespaces: ["pid", "ipc", "uts", "mount", "network", "cgroup"].map((type) => ({ type })),
      devices: available,
      resources: {
        devices: [{ allow: true, access: "rwm" }],
        memory: { limit: machine.memoryMiB * 2 ** 20 },
        cpu: { period: 100_000, quota: machine.cpus * 100_000 },
      },
      rootfsPropagation: "private",
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}
