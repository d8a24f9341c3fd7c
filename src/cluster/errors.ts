/**
 * The register of everything `mini` can fail with: a stable id, the exit code, what it means and what mends it. Ids
 * are minikube's where it has one for the case. docs/errors.md is generated from this file.
 *
 * The tens of an exit code say where (10 program, 20 resource, 30 host, 50 driver, 60 provider, 70 local network, 80
 * guest, 90 runtime, 100 control plane, 110 service), the units what (0 error, 1 conflict, 2 timeout, 3 not running, 4
 * usage, 5 not found, 6 unsupported, 7 permission, 8 configuration, 9 unavailable); 1 is generic, 2 interrupted, and
 * 23, 26, 29 are too little memory, storage and cores.
 */
import { DriverError } from "../drivers/driver-error.ts";

export interface RegisteredError {
  readonly exitCode: number;
  readonly meaning: string;
  /** Shown as the suggestion unless the place that fails knows better. */
  readonly advice?: string;
}

const recreate = "mini delete, then mini start";

export const errorRegister = {
  MK_INTERNAL: { exitCode: 1, meaning: "A fault of mini itself.", advice: "mini logs shows more" },
  MK_INTERRUPTED: { exitCode: 2, meaning: "Ctrl-C or a termination signal; what had been begun was undone." },
  MK_USAGE: { exitCode: 14, meaning: "A flag or argument that cannot be used.", advice: "mini help COMMAND" },
  MK_PROFILE_BUSY: {
    exitCode: 11,
    meaning: "Another mini works on the same profile at this moment.",
    advice: "Wait until it has ended, or end it",
  },
  MK_NOT_FOUND: { exitCode: 15, meaning: "A file that was named does not exist." },
  MK_BINARY_MISSING: {
    exitCode: 15,
    meaning: "Run from source, and dist/mini, which runs in the node, has not been built.",
    advice: "scripts/build",
  },
  MK_IMAGE_MISSING: {
    exitCode: 15,
    meaning: "The node image is neither in the executable nor in .cache/image.",
    advice: "scripts/build-image",
  },
  MK_KUBECTL_MISSING: {
    exitCode: 15,
    meaning: "No kubectl is carried by this build, and none is on the PATH.",
    advice: "Install kubectl, or use a released mini",
  },
  RSRC_INSUFFICIENT_CORES: { exitCode: 29, meaning: "Fewer processors than asked for, or than a cluster needs." },
  RSRC_INSUFFICIENT_REQ_MEMORY: {
    exitCode: 23,
    meaning: "--memory is below what a node needs (768 MiB).",
    advice: "--memory=2048mb",
  },
  RSRC_INSUFFICIENT_SYS_MEMORY: { exitCode: 23, meaning: "The machine has less memory available than asked for." },
  RSRC_KVM_OOM: { exitCode: 23, meaning: "The host ended the virtual machine for lack of memory." },
  RSRC_INSUFFICIENT_STORAGE: {
    exitCode: 26,
    meaning: "Too little room in MINI_HOME.",
    advice: "Free some space; mini delete needs none",
  },
  HOST_VIRT_UNAVAILABLE: { exitCode: 39, meaning: "The processor shows neither VT-x nor SVM." },
  HOST_CONFIG_LOAD: {
    exitCode: 38,
    meaning: "A profile's config.json cannot be read or is not a profile.",
    advice: recreate,
  },
  HOST_HOME_PERMISSION: {
    exitCode: 37,
    meaning: "MINI_HOME cannot be written, belongs to somebody else, or may be written by anybody.",
    advice: "Set MINI_HOME, or its owner",
  },
  HOST_KUBECONFIG_UPDATE: {
    exitCode: 38,
    meaning: "The kubeconfig cannot be read or written, or is no kubeconfig.",
    advice: "Mend the file, or point KUBECONFIG to another",
  },
  HOST_PORT_IN_USE: { exitCode: 31, meaning: "A port that is needed is taken.", advice: "--apiserver-port=8444" },
  DRV_NOT_DETECTED: { exitCode: 55, meaning: "No driver can work on this machine.", advice: "mini start --dry-run" },
  DRV_UNSUPPORTED: { exitCode: 56, meaning: "No driver of that name.", advice: "--driver=kvm2, qemu2 or runc" },
  DRV_UNSUPPORTED_MULTINODE: { exitCode: 51, meaning: "The driver cannot do what is asked with several nodes." },
  DRV_KVM2_NOT_FOUND: { exitCode: 55, meaning: "libvirt's library or QEMU is not installed." },
  DRV_NEEDS_ROOT: {
    exitCode: 57,
    meaning: "The driver needs root for what was asked.",
    advice: "The same command with sudo",
  },
  DRV_RUNC_NOT_FOUND: { exitCode: 55, meaning: "runc or a tool that it needs is not installed." },
  DRV_NO_IP: { exitCode: 52, meaning: "The machine did not get its address." },
  PR_KVM_MISSING_NETWORK: {
    exitCode: 60,
    meaning: "The profile's libvirt network cannot be started.",
    advice: "Install dnsmasq-base and iptables, then try again",
  },
  PR_KVM_USER_PERMISSION: {
    exitCode: 67,
    meaning: "No permission to use libvirt or /dev/kvm: the user is not in the group.",
    advice: "sudo usermod -aG libvirt,kvm USER, then log out and in again",
  },
  PR_KVM_GROUP_LOGIN: {
    exitCode: 67,
    meaning: "The user is in the group that may use libvirt or /dev/kvm, but logged in before.",
    advice: "Log out and in again, or newgrp for one shell",
  },
  PR_KVM_POLKIT_REFUSED: {
    exitCode: 67,
    meaning: "polkit does not let the user use libvirt, though in libvirt's group: another rule comes first.",
  },
  PR_KVM_NO_BUS: {
    exitCode: 69,
    meaning: "libvirt asks polkit who may use it, over the system bus, which did not run when libvirt started.",
    advice: "sudo systemctl start dbus && sudo systemctl restart libvirtd",
  },
  PR_KVM_NO_POLKIT: {
    exitCode: 69,
    meaning: "libvirt asks polkit who may use it, and polkit does not answer.",
    advice: "sudo apt-get install polkitd",
  },
  PR_KVM_ISO_PERMISSION: { exitCode: 67, meaning: "libvirt or QEMU may not open a file of the machine." },
  PR_KVM_FOLDER_CLOSED: {
    exitCode: 67,
    meaning: "QEMU may not enter a folder above MINI_HOME's files, and mini may not let it in.",
  },
  PR_KVM_ACCESS_LISTS: {
    exitCode: 68,
    meaning: "MINI_HOME, or a folder above it, cannot have the access list that lets QEMU in.",
    advice: "Set MINI_HOME to a folder on ext4, XFS or Btrfs (on ZFS: zfs set acltype=posixacl)",
  },
  PR_KVM_CAPABILITIES: { exitCode: 69, meaning: "KVM is not available, or not to libvirt." },
  PR_KVM_SOCKET: { exitCode: 69, meaning: "libvirt's daemon does not answer." },
  PR_KVM_DEVICE_MODE: { exitCode: 67, meaning: "/dev/kvm exists but is closed to the user that libvirt runs QEMU as." },
  PR_KVM_LOG_DAEMON: {
    exitCode: 69,
    meaning: "libvirt's log daemon, which keeps the console, does not answer.",
    advice: "sudo systemctl start virtlogd.socket; without systemd: sudo virtlogd -d",
  },
  PR_KVM_CALL: { exitCode: 60, meaning: "libvirt refused something that mini did not expect it to refuse." },
  PR_KVM_NET_XML: { exitCode: 68, meaning: "libvirt refused the network's definition." },
  PR_KVM_MSR: { exitCode: 60, meaning: "The machine's KVM cannot run the guest.", advice: "--driver=qemu2" },
  PR_KVM_CREATE_BUSY: { exitCode: 51, meaning: "A libvirt domain of that name exists that mini did not make." },
  IF_NO_FREE_SUBNET: { exitCode: 70, meaning: "No private subnet is free.", advice: "mini profile list" },
  IF_SUBNET_TAKEN: {
    exitCode: 70,
    meaning: "The profile's subnet went to another network while the profile was stopped.",
    advice: "ip route, to see which; remove that network, or mini delete, then mini start",
  },
  IF_SSH_CLIENT: { exitCode: 70, meaning: "The node's SSH server cannot be reached." },
  GUEST_NOT_FOUND: { exitCode: 85, meaning: "No profile of that name.", advice: "mini profile list" },
  GUEST_KVM2_NO_DOMAIN: { exitCode: 85, meaning: "The profile's machine has been removed.", advice: recreate },
  GUEST_NOT_RUNNING: { exitCode: 83, meaning: "The cluster does not run.", advice: "mini start" },
  GUEST_DRIVER_MISMATCH: { exitCode: 81, meaning: "The profile exists with another driver.", advice: recreate },
  GUEST_START: { exitCode: 80, meaning: "The machine could not be started, or ended while it booted." },
  GUEST_KVM_FAULT: {
    exitCode: 80,
    meaning: "KVM stopped the guest while it booted: this machine's KVM cannot run it.",
    advice: "--driver=qemu2",
  },
  GUEST_PROVISION: { exitCode: 80, meaning: "The machine could not be made." },
  GUEST_DELETION: { exitCode: 80, meaning: "Something of the profile could not be removed." },
  GUEST_CERT: {
    exitCode: 80,
    meaning: "The cluster's certificate authority, which is good for ten years, has ended.",
    advice: recreate,
  },
  GUEST_STOP_TIMEOUT: { exitCode: 82, meaning: "The machine did not stop in time." },
  GUEST_IMAGE_LOAD: { exitCode: 80, meaning: "The container runtime refused the image." },
  GUEST_NODE_RETRIEVE: { exitCode: 85, meaning: "The profile has no node of that name.", advice: "mini status" },
  K8S_APISERVER_MISSING: {
    exitCode: 105,
    meaning: "The API server did not become ready in time.",
    advice: "Look at the logs that were kept, or mini logs",
  },
  K8S_STORE_DAMAGED: {
    exitCode: 100,
    meaning: "The control plane's database is damaged. The message names it and the backup that mini kept.",
  },
  K8S_WAIT_TIMEOUT: {
    exitCode: 102,
    meaning: "Something that --wait names was not ready in time.",
    advice: "Look at the logs that were kept, or mini logs",
  },
} as const satisfies Record<string, RegisteredError>;

export type ErrorId = keyof typeof errorRegister;

export interface MiniErrorOptions {
  readonly advice?: string;
  readonly cause?: unknown;
}

/** A failure that the user is told about: `Exiting due to ID: message`, then the advice. */
export class MiniError extends Error {
  readonly id: ErrorId;
  readonly exitCode: number;
  readonly advice: string | undefined;

  constructor(id: ErrorId, message: string, { advice, cause }: MiniErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    const registered: RegisteredError = errorRegister[id];
    this.name = "MiniError";
    this.id = id;
    this.exitCode = registered.exitCode;
    this.advice = advice ?? registered.advice;
  }
}

/** Any failure as one of the register; what has no id is a fault of mini itself. */
export function toMiniError(error: unknown): MiniError {
  if (error instanceof MiniError) return error;
  if (error instanceof DriverError) {
    const advice = error.advice === undefined ? {} : { advice: error.advice };
    return new MiniError(registeredId(error.id), error.message, { ...advice, cause: error });
  }
  const failure: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const { code, name, message } = failure;
  if (name === "AbortError") return new MiniError("MK_INTERRUPTED", "interrupted", { cause: error });
  if (code === "ENOSPC") return new MiniError("RSRC_INSUFFICIENT_STORAGE", message, { cause: error });
  if (code !== undefined && ["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code))
    return new MiniError("HOST_HOME_PERMISSION", message, { cause: error });
  return new MiniError("MK_INTERNAL", message, { cause: error });
}

/** Ids come from drivers as text; one that is not registered is a fault that a test finds. */
export function registeredId(id: string | undefined): ErrorId {
  return id !== undefined && Object.hasOwn(errorRegister, id) ? (id as ErrorId) : "MK_INTERNAL";
}
