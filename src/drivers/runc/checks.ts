/** What the runc driver needs of the host. Nothing is changed by looking. */
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import type { Check, Driver } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { hostCpuCheck, hostDiskCheck } from "../host-checks.ts";
import { hostMemoryCheck } from "../host-memory.ts";

type Needs = Parameters<Driver["check"]>[0];

/** Programs by the Debian package that has them. */
const programs: Readonly<Record<string, string>> = {
  runc: "runc",
  ip: "iproute2",
  nft: "nftables",
  mount: "mount",
};

/** File systems and the kernel modules of the same name. */
const fileSystems = ["squashfs", "overlay"];

export async function checkHost(needs: Needs): Promise<Check[]> {
  return [
    checkRoot(),
    await checkPrograms(),
    await checkKernel(),
    await checkCgroups(),
    hostCpuCheck(needs.cpus),
    await hostMemoryCheck(needs.memoryMiB),
    await hostDiskCheck(needs.folder, needs.diskMiB),
  ];
}

/** Throws DRV_NEEDS_ROOT. */
export function requireRoot(verb: "start" | "stop" | "delete", { profile }: { profile: string }): void {
  if (process.getuid?.() === 0) return;
  throw new DriverError(
    "DRV_NEEDS_ROOT",
    `"${profile}" is a cluster of the runc driver, which needs root to ${verb} it`,
  );
}

function checkRoot(): Check {
  const name = "root";
  if (process.getuid?.() === 0) return { name, ok: true, message: "running as root", skippable: false };
  const message = "the runc driver makes containers, mounts and networks, and needs root for it";
  const advice = "mini start --driver=runc with sudo";
  return { name, ok: false, errorId: "DRV_NEEDS_ROOT", message, advice, skippable: false };
}

async function checkPrograms(): Promise<Check> {
  const name = "programs";
  const found = await Promise.all(
    Object.keys(programs).map(async (program) => [program, await isInstalled(program)] as const),
  );
  const missing = found.filter(([, installed]) => !installed).map(([program]) => program);
  if (missing.length === 0)
    return { name, ok: true, message: "runc, ip, nft and mount are installed", skippable: false };
  const advice = `sudo apt-get install ${missing.map((program) => programs[program]).join(" ")}`;
  return {
    name,
    ok: false,
    errorId: "DRV_RUNC_NOT_FOUND",
    message: `not installed: ${missing.join(", ")}`,
    advice,
    skippable: false,
  };
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  for (const folder of folders) {
    const failure = await access(`${folder}/${program}`, constants.X_OK).catch((error: unknown) => error);
    if (failure === undefined) return true;
  }
  return false;
}

async function checkKernel(): Promise<Check> {
  const name = "kernel";
  const known = await readFile("/proc/filesystems", "utf8");
  const release = (await readFile("/proc/sys/kernel/osrelease", "utf8")).trim();
  const loadable = await readFile(`/lib/modules/${release}/modules.dep`, "utf8").catch(() => "");
  const missing = fileSystems.filter(
    (system) => !known.includes(`\t${system}\n`) && !loadable.includes(`/${system}.ko`),
  );
  if ((await stat("/dev/loop-control").catch(() => undefined)) === undefined && !loadable.includes("/loop.ko"))
    missing.push("loop");
  if (missing.length === 0)
    return { name, ok: true, message: "squashfs, overlay and loop devices are there", skippable: true };
  const message = `this kernel offers no ${missing.join(", ")}`;
  return {
    name,
    ok: false,
    errorId: "DRV_RUNC_NOT_FOUND",
    message,
    advice: `sudo modprobe -a ${missing.join(" ")}`,
    skippable: true,
  };
}

async function checkCgroups(): Promise<Check> {
  const name = "cgroups";
  const unified = await readFile("/sys/fs/cgroup/cgroup.controllers", "utf8").catch(() => undefined);
  const controllers = unified ?? (await readFile("/proc/cgroups", "utf8"));
  const missing = ["cpu", "memory", "pids"].filter(
    (controller) => !new RegExp(`\\b${controller}\\b`).test(controllers),
  );
  const version = unified === undefined ? 1 : 2;
  if (missing.length === 0)
    return { name, ok: true, message: `cgroups of version ${version} are there`, skippable: true };
  const message = `the cgroup controllers ${missing.join(", ")} are missing`;
  const advice = "Boot with cgroup_enable=memory";
  return { name, ok: false, errorId: "DRV_RUNC_NOT_FOUND", message, advice, skippable: true };
}
