/**
 * How many processors an emulated node can have. QEMU before 8.1 has a race in its emulation with several: one processor
 * may run an instruction that another is just patching (Linux does so for static keys, while it boots and whenever a
 * module or a feature is first used), which ends in "Oops: int3" now and then. There it has one.
 */
import type { Version } from "../../libvirt/index.ts";
import type { CpuLimit } from "../driver.ts";

export function emulatedProcessors(wanted: number, qemu: Version): CpuLimit {
  if (wanted === 1 || qemu.isAtLeast(8, 1)) return { cpus: wanted };
  return { cpus: 1, reason: `QEMU ${qemu} emulates one processor safely, several only from 8.1 on: each node has one` };
}
