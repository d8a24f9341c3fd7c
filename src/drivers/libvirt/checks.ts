/** What kvm2 and qemu2 need of the host, looked at without changing anything. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { Connection, type ConnectionUri, domainCapabilities, isLibvirtError } from "../../libvirt/index.ts";
import type { Check, Driver } from "../driver.ts";
import { hostCpuCheck, hostDiskCheck } from "../host-checks.ts";
import { hostMemoryCheck } from "../host-memory.ts";
import { checkProcessor } from "./cpu.ts";

type Needs = Parameters<Driver["check"]>[0];

export interface CheckOptions {
  readonly uri: ConnectionUri;
  readonly type: "kvm" | "qemu";
}

/** All checks, in the order in which a person would mend them. */
export async function checkHost(needs: Needs, { uri, type }: CheckOptions): Promise<Check[]> {
  const hardware = type === "kvm" ? [await checkProcessor(), await checkKvmDevice()] : [];
  return [
    ...hardware,
    ...(await checkKvmDeviceMode(uri)),
    await checkQemu(),
    ...(await checkLibvirt(uri, type)),
    hostCpuCheck(needs.cpus),
    await hostMemoryCheck(needs.memoryMiB),
    await hostDiskCheck(needs.folder, needs.diskMiB),
  ];
}

async function checkKvmDevice(): Promise<Check> {
  const name = "kvm-device";
  const failed = { name, ok: false, skippable: false };
  try {
    await access("/dev/kvm", constants.F_OK);
  } catch {
    const message = "/dev/kvm does not exist: the kernel's kvm module is not loaded";
    return {
      ...failed,
      errorId: "PR_KVM_CAPABILITIES",
      message,
      advice: "sudo modprobe kvm_intel || sudo modprobe kvm_amd",
    };
  }
  try {
    // Opened for real: groups, ACLs and container device rules all have a say, and only the kernel knows the sum.
    await (await open("/dev/kvm", "r+")).close();
    return { name, ok: true, message: "/dev/kvm can be opened", skippable: false };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const message = `/dev/kvm cannot be opened by ${userInfo().username} (${code})`;
    const advice = `sudo usermod -aG kvm ${userInfo().username} && newgrp kvm`;
    return { ...failed, errorId: "PR_KVM_USER_PERMISSION", message, advice };
  }
}

/**
 * libvirt runs QEMU as a user of the group kvm. Where that user cannot open an existing /dev/kvm, libvirt forgets what
 * it knows of QEMU and asks it again at every call: 4 s each, minutes for a start.
 */
async function checkKvmDeviceMode(uri: ConnectionUri): Promise<Check[]> {
  const device = await stat("/dev/kvm").catch(() => undefined);
  if (device === undefined || uri !== "qemu:///system") return [];
  const forGroup = (device.mode & 0o060) === 0o060 && device.gid !== 0;
  if (forGroup || (device.mode & 0o006) === 0o006) return [];
  const message = "/dev/kvm is closed to libvirt's QEMU, which makes every call to libvirt take seconds";
  const advice = "sudo chown root:kvm /dev/kvm && sudo chmod 660 /dev/kvm";
  return [{ name: "kvm-device-mode", ok: false, errorId: "PR_KVM_DEVICE_MODE", message, advice, skippable: true }];
}

async function checkQemu(): Promise<Check> {
  const name = "qemu";
  try {
    await promisify(execFile)("qemu-img", ["--version"]);
    return { name, ok: true, message: "qemu-img is installed", skippable: false };
  } catch (error) {
    const message = `qemu-img cannot be run (${(error as NodeJS.ErrnoException).code ?? "error"})`;
    const advice = "sudo apt-get install qemu-system-x86 qemu-utils";
    return { name, ok: false, errorId: "DRV_KVM2_NOT_FOUND", message, advice, skippable: false };
  }
}

async function checkLibvirt(uri: ConnectionUri, type: "kvm" | "qemu"): Promise<Check[]> {
  const name = "libvirt-connect";
  try {
    await using connection = await Connection.open(uri);
    const reached: Check = {
      name,
      ok: true,
      message: `libvirt ${await connection.version()} answers at ${uri}`,
      skippable: false,
    };
    return [reached, await checkDomainType(connection, type)];
  } catch (error) {
    return [{ name, ok: false, skippable: false, ...(await explainConnection(error)) }];
  }
}

async function explainConnection(error: unknown): Promise<Pick<Check, "errorId" | "message"> & { advice: string }> {
  const user = userInfo().username;
  const detail = error instanceof Error ? error.message : String(error);
  if (isLibvirtError(error, "libraryMissing")) {
    return {
      errorId: "DRV_KVM2_NOT_FOUND",
      message: detail,
      advice: "sudo apt-get install libvirt0 libvirt-daemon-system",
    };
  }
  const permission =
    /permission denied/i.test(detail) || isLibvirtError(error, "authFailed", "authUnavailable", "authCancelled");
  if (permission) {
    const advice = `sudo usermod -aG libvirt ${user} && newgrp libvirt`;
    return { errorId: "PR_KVM_USER_PERMISSION", message: `${user} may not use libvirt: ${detail}`, advice };
  }
  const systemd = await stat("/run/systemd/system").then(
    () => true,
    () => false,
  );
  const advice = systemd ? "sudo systemctl start libvirtd" : "sudo virtlogd -d && sudo libvirtd -d";
  return { errorId: "PR_KVM_SOCKET", message: `libvirt cannot be reached: ${detail}`, advice };
}

async function checkDomainType(connection: Connection, type: "kvm" | "qemu"): Promise<Check> {
  const name = "domain-capabilities";
  try {
    const capabilities = await domainCapabilities(connection, type);
    const message = `libvirt offers ${type} domains (${capabilities.emulator}, ${capabilities.machine})`;
    return { name, ok: true, message, skippable: false };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const advice = type === "kvm" ? "virt-host-validate qemu" : "sudo apt-get install qemu-system-x86";
    const message = `libvirt offers no ${type} domains: ${detail}`;
    return { name, ok: false, errorId: "PR_KVM_CAPABILITIES", message, advice, skippable: false };
  }
}
