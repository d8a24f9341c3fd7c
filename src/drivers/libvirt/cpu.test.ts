import { expect, it } from "vitest";
import { parseProcessor, processorCheck } from "./cpu.ts";

const cpuinfo = (vendor: string, flags: string): string =>
  `processor\t: 0\nvendor_id\t: ${vendor}\nmodel name\t: Some Processor\nflags\t\t: fpu ${flags} sse\n`;

it.each([
  ["GenuineIntel", "vmx", "on", true, /^VT-x is present/],
  ["AuthenticAMD", "svm", "unknown", true, /^SVM is present/],
  ["AuthenticAMD", "svm hypervisor", "unknown", true, /^SVM is present/],
  ["AuthenticAMD", "hypervisor", "unknown", false, /itself a virtual machine.*SVM/],
  ["GenuineIntel", "vmx", "locked-off", false, /VT-x is switched off in the firmware/],
  ["AuthenticAMD", "", "locked-off", false, /SVM is switched off in the firmware/],
  ["GenuineIntel", "", "unknown", false, /neither VT-x \(vmx\) nor SVM \(svm\)/],
] as const)("%s with flags '%s', firmware %s", (vendor, flags, firmware, ok, message) => {
  const check = processorCheck(parseProcessor(cpuinfo(vendor, flags)), firmware);
  expect(check.ok).toBe(ok);
  expect(check.message).toMatch(message);
  expect(check.errorId).toBe(ok ? undefined : "HOST_VIRT_UNAVAILABLE");
});
