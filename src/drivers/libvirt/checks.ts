/** What kvm2 and qemu2 need of the host, looked at without changing anything. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { type Connection, type ConnectionUri, domainCapabilities } from "../../libvirt/index.ts";
import type { Check, Driver } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { hostCpuCheck, hostDiskCheck } from "../host-checks.ts";
import { hostMemoryCheck } from "../host-memory.ts";
import { libvirtGroup, withLibvirt } from "./connect.ts";
import { checkProcessor } from "./cpu.ts";
import { closedFolders, explainClosed, hypervisorIdentity, mayOpen } from "./folder-access.ts";
import { groupMembership, joinGroups } from "./user-groups.ts";

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
    ...(await checkLibvirt(needs, { uri, type })),
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
    return { ...failed, ...(await explainDevice((error as NodeJS.ErrnoException).code ?? "error")) };
  }
}

/** The device's own group says who may open it: kvm, where udev made it. */
async function explainDevice(code: string): Promise<Pick<Check, "errorId" | "message" | "advice">> {
  const { gid } = await stat("/dev/kvm");
  const membership = await groupMembership(gid === 0 ? "kvm" : gid);
  const libvirts = await groupMembership(libvirtGroup);
  // Who has to be put into one group should not have to come back for the other.
  const { message, advice } =
    membership.listed || libvirts.listed ? joinGroups(membership) : joinGroups(membership, libvirts);
  const errorId = membership.listed ? "PR_KVM_GROUP_LOGIN" : "PR_KVM_USER_PERMISSION";
  return { errorId, message: `/dev/kvm cannot be opened (${code}): ${message}`, advice };
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

async function checkLibvirt(needs: Needs, { uri, type }: CheckOptions): Promise<Check[]> {
  const name = "libvirt-connect";
  try {
    return await withLibvirt(uri, {}, async (connection) => {
      const message = `libvirt ${await connection.version()} answers at ${uri}`;
      const reached: Check = { name, ok: true, message, skippable: false };
      return [reached, await checkDomainType(connection, type), await checkFolders(connection, needs.folder, type)];
    });
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    const { id: errorId, message, advice = "" } = error;
    return [{ name, ok: false, errorId, message, advice, skippable: false }];
  }
}

/** Folders above MINI_HOME that are closed to QEMU and are not this user's to open. */
async function checkFolders(connection: Connection, folder: string, type: "kvm" | "qemu"): Promise<Check> {
  const name = "folders";
  const who = await hypervisorIdentity(connection, type);
  const closed = who === undefined ? [] : await closedFolders(connection, [folder], who);
  const foreign = closed.find(({ uid }) => !mayOpen(uid, process.geteuid?.() ?? 0));
  if (foreign === undefined || who === undefined) {
    return { name, ok: true, message: `QEMU can come to ${folder}, or be let in`, skippable: false };
  }
  const { message, advice } = await explainClosed(foreign.path, who);
  return { name, ok: false, errorId: "PR_KVM_FOLDER_CLOSED", message, advice, skippable: false };
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
