import { expect, it } from "vitest";
import { Version } from "../../libvirt/index.ts";
import { emulatedProcessors } from "./processors.ts";

it.each([
  { qemu: new Version(7, 2, 22), wanted: 2, cpus: 1, told: true },
  { qemu: new Version(7, 2, 22), wanted: 1, cpus: 1, told: false },
  { qemu: new Version(8, 1), wanted: 4, cpus: 4, told: false },
  { qemu: new Version(10, 0, 2), wanted: 2, cpus: 2, told: false },
])("gives a node $cpus of $wanted processors with QEMU $qemu", ({ qemu, wanted, cpus, told }) => {
  const limit = emulatedProcessors(wanted, qemu);
  expect(limit.cpus).toBe(cpus);
  expect(limit.reason === undefined).toBe(!told);
  if (told) expect(limit.reason).toContain(`QEMU ${qemu}`);
});
