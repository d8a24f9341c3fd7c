/**
 * What the bindings read from the machine's own libvirt, which scripts/setup starts. As root, whom libvirt asks nothing; what
 * needs libvirt's test driver alone is in src/libvirt/libvirt.test.ts.
 */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { Connection, domainCapabilities } from "../../src/libvirt/index.ts";

describe.skipIf(process.getuid?.() !== 0)("the machine's own libvirt", () => {
  it("tells what its domains can do", async () => {
    await using connection = await Connection.open("qemu:///system");
    const capabilities = await domainCapabilities(connection, "qemu");
    expect(capabilities.emulator).toMatch(/qemu-system-x86_64$/);
    expect(capabilities.machine).toMatch(/^pc-q35-/);
  });

  it("tells the version of QEMU as QEMU does", async () => {
    await using connection = await Connection.open("qemu:///system");
    const version = await connection.hypervisorVersion();
    expect(execFileSync("qemu-system-x86_64", ["--version"], { encoding: "utf8" })).toContain(`version ${version} `);
  });
});
