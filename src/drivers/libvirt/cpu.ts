/** Whether this machine's processor can run virtual machines, from /proc/cpuinfo and, where readable, its registers. */
import { open, readFile } from "node:fs/promises";
import type { Check } from "../driver.ts";

export interface Processor {
  readonly model: string;
  readonly vendor: "intel" | "amd" | "other";
  /** VT-x shows as `vmx`, SVM as `svm`. */
  readonly virtualization: "VT-x" | "SVM" | undefined;
  /** The machine is itself a virtual machine. */
  readonly virtualMachine: boolean;
}

export function parseProcessor(cpuinfo: string): Processor {
  const field = (name: string): string => cpuinfo.match(new RegExp(`^${name}\\s*: (.*)$`, "m"))?.[1] ?? "";
  const flags = new Set(field("flags").split(" "));
  const id = field("vendor_id");
  return {
    model: field("model name") || "unknown processor",
    vendor: id === "GenuineIntel" ? "intel" : id === "AuthenticAMD" || id === "HygonGenuine" ? "amd" : "other",
    virtualization: flags.has("vmx") ? "VT-x" : flags.has("svm") ? "SVM" : undefined,
    virtualMachine: flags.has("hypervisor"),
  };
}

/** `locked-off`: the firmware switched it off. `unknown`: the register cannot be read (needs root and the msr module). */
export type FirmwareSetting = "on" | "locked-off" | "unknown";

/** The check `cpu-virtualization`; `firmware` tells a switched-off feature from a missing one. */
export function processorCheck(processor: Processor, firmware: FirmwareSetting): Check {
  const name = "cpu-virtualization";
  const { model, virtualization, virtualMachine, vendor } = processor;
  const feature = vendor === "amd" ? "SVM" : "VT-x";
  if (virtualization !== undefined && firmware !== "locked-off") {
    return { name, ok: true, message: `${virtualization} is present (${model})`, skippable: true };
  }
  const failed = { name, ok: false, errorId: "HOST_VIRT_UNAVAILABLE", skippable: true };
  if (virtualMachine) {
    return {
      ...failed,
      message: `this machine is itself a virtual machine, and its host does not pass ${feature} on to it (${model})`,
      advice: "Switch nested virtualization on for this machine at its host, or use --driver=qemu2 or --driver=runc",
    };
  }
  if (firmware === "locked-off") {
    return {
      ...failed,
      message: `${feature} is switched off in the firmware of this machine (${model})`,
      advice: `Switch on ${feature === "SVM" ? "SVM mode" : "Intel Virtualization Technology"} in the BIOS or UEFI setup`,
    };
  }
  return {
    ...failed,
    message: `the processor shows neither VT-x (vmx) nor SVM (svm): it has none, or the firmware hides it (${model})`,
    advice: "Look for virtualization in the BIOS or UEFI setup, or use --driver=qemu2 or --driver=runc",
  };
}

/** IA32_FEATURE_CONTROL: bit 0 locks it, bit 2 allows VMX. */
const intelFeatureControl = 0x3a;
/** VM_CR: bit 4 is SVMDIS. */
const amdVirtualMachineControl = 0xc0010114;

export async function readFirmwareSetting({ vendor }: Processor): Promise<FirmwareSetting> {
  if (vendor === "other") return "unknown";
  const register = vendor === "intel" ? intelFeatureControl : amdVirtualMachineControl;
  try {
    const file = await open("/dev/cpu/0/msr", "r");
    try {
      const value = Buffer.alloc(8);
      await file.read(value, 0, 8, register);
      const low = value.readUInt32LE();
      const off = vendor === "intel" ? (low & 1) === 1 && (low & 4) === 0 : (low & 16) !== 0;
      return off ? "locked-off" : "on";
    } finally {
      await file.close();
    }
  } catch {
    // No msr module, no root, or a hypervisor that hides the register: nothing is known then.
    return "unknown";
  }
}

export async function checkProcessor(): Promise<Check> {
  const processor = parseProcessor(await readFile("/proc/cpuinfo", "utf8"));
  return processorCheck(processor, await readFirmwareSetting(processor));
}
