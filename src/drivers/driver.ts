/**
 * What a driver does: makes, starts, stops and removes one machine (a libvirt domain or a runc container) that boots
 * the node image. A driver knows nothing of Kubernetes; src/cluster decides what to make and in which order. Every
 * method may be called twice with the same effect, and every method takes a signal: when it aborts, the method undoes
 * what it had begun and rejects.
 */
export type DriverName = "kvm2" | "qemu2" | "runc";
export type MachineState = "Running" | "Paused" | "Stopped" | "Nonexistent" | "Starting" | "Stopping" | "Error";

/** The result of one precondition; `id`, advice and exit code come from the register in src/cluster/errors. */
export interface Check {
  /** Stable name: `cpu-virtualization`, `kvm-device`, `libvirt-connect`, `memory`, `disk`. */
  readonly name: string;
  readonly ok: boolean;
  /** Id of the launcher's error register where not ok: `PR_KVM_USER_PERMISSION`. */
  readonly errorId?: string;
  /** One sentence, with what was found: `SVM is present (AMD EPYC)`. */
  readonly message: string;
  /** The command that mends it. */
  readonly advice?: string;
  /** Whether --force may go on without it. */
  readonly skippable: boolean;
}

export interface MachineNetwork {
  /** `192.168.39.0/24`: chosen by allocateNetwork, kept in the profile. */
  readonly subnet: string;
  readonly gateway: string;
}

export interface MachineSpec {
  /** Name of the node: `mini`, `mini-m02`. */
  readonly name: string;
  /** Its name among all machines of the host, of whatever user: `mini.ada`; where there is none, its name (root's). */
  readonly hostName?: string | undefined;
  readonly profile: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly network: MachineNetwork;
  /** Address within the subnet, without prefix. */
  readonly address: string;
  /** 52:54:00:… derived from the name. */
  readonly macAddress: string;
  /** MINI_HOME: what machines share, and notes of what was changed for them. */
  readonly home: string;
  /** Folder of this machine in MINI_HOME: data disk, console log, seed. The driver may create files in it. */
  readonly folder: string;
  /** Node image files, unpacked from the binary into MINI_HOME/cache: kernel, initrd, root (squashfs). */
  readonly image: { readonly kernel: string; readonly initrd: string; readonly root: string };
  /** The `mini` executable that runs in the node. */
  readonly binary: string;
  /** Whether the node may enter the host's network, for what only the host reaches; drivers of VMs have no such thing. */
  readonly entersHostNetwork?: boolean;
  /** Folder with config.json, pki/, ssh/ to show to the node at /mini/seed. */
  readonly seed: string;
}

export interface CpuLimit {
  readonly cpus: number;
  /** One sentence where that is less than asked for: why. */
  readonly reason?: string;
}

export type Report = (message: string) => void;

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly report?: Report;
}

export interface Driver {
  readonly name: DriverName;
  /** One line: `KVM virtual machine through libvirt`. */
  readonly description: string;
  /** Checks what the host needs, without changing anything. */
  check(needs: { memoryMiB: number; diskMiB: number; cpus: number; folder: string }): Promise<Check[]>;
  /** How many of `cpus` processors a node can have; all where a driver does not say. Asks the hypervisor. */
  limitCpus?(cpus: number): Promise<CpuLimit>;
  /** Files that it makes beside the image, one set for all machines that run the same build; none where it has none. */
  cacheFiles?(machine: MachineSpec): Promise<readonly string[]>;
  /** A free subnet; the caller stores it in the profile before create. */
  allocateNetwork(taken: readonly string[], options: CallOptions): Promise<MachineNetwork>;
  /** Makes network, disks and the machine's definition; does not start it. */
  create(machine: MachineSpec, options: CallOptions): Promise<void>;
  /** Boots it (network ensured active first); resolves once it runs, not when the guest is up. */
  start(machine: MachineSpec, options: CallOptions): Promise<void>;
  /** Orderly shutdown, then by force after `graceMs`. */
  stop(machine: MachineSpec, options: CallOptions & { graceMs: number }): Promise<void>;
  /** Lets a paused machine go on where it was; nothing happens to any other. */
  resume(machine: MachineSpec, options: CallOptions): Promise<void>;
  /** Removes everything that create made, and the network when no other machine uses it. Missing parts are fine. */
  remove(machine: MachineSpec, options: CallOptions): Promise<void>;
  /** Read-only; asks for no password. */
  state(machine: Pick<MachineSpec, "name" | "hostName">): Promise<MachineState>;
  /** Console output so far (serial console, container log), for `mini logs` and failure reports. */
  consoleLog(machine: MachineSpec): Promise<string>;
}

/** Drivers that can run a command in the node without SSH (runc exec). */
export interface ExecCapability {
  exec(
    machine: MachineSpec,
    command: readonly string[],
    options: CallOptions,
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}
