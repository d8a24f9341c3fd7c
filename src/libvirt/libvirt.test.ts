import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseHypervisorUser } from "./capabilities.ts";
import { Connection, Domain, Network, Version } from "./index.ts";

const installed = (() => {
  try {
    execFileSync("virsh", ["-c", "test:///default", "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

it.each([
  [new Version(7, 2, 22), false],
  [new Version(8, 0, 5), false],
  [new Version(8, 1), true],
  [new Version(10, 0, 2), true],
])("compares versions by number: is %s at least 8.1? %s", (version, expected) => {
  expect(version.isAtLeast(8, 1)).toBe(expected);
});

it.each([
  { baselabel: "<baselabel type='kvm'>+64055:+107</baselabel>", user: { uid: 64_055, gid: 107 } },
  { baselabel: "<baselabel type='qemu'>+0:+0</baselabel>", user: undefined },
])("reads who QEMU runs as from $baselabel", ({ baselabel, user }) => {
  const other = "<secmodel><model>selinux</model><baselabel type='kvm'>+1:+1</baselabel></secmodel>";
  const xml = `<host>${other}<secmodel>\n<model>dac</model>\n<doi>0</doi>${baselabel}</secmodel></host>`;
  expect(parseHypervisorUser(xml, "kvm")).toEqual(user);
});

const domainXml = (name: string) =>
  `<domain type='test'><name>${name}</name><memory>65536</memory><os><type>hvm</type></os></domain>`;

describe.runIf(installed)("libvirt's test driver", () => {
  it("finds, lists and describes domains", async () => {
    await using connection = await Connection.open("test:///default");
    using domain = await Domain.find(connection, "test");
    expect(await domain?.status()).toEqual({ state: "running", reason: "unknown" });
    expect(await domain?.xml()).toContain("<name>test</name>");
    expect(await Domain.find(connection, "absent")).toBeUndefined();
    const all = await Domain.list(connection);
    expect(all.map((each) => each.name)).toEqual(["test"]);
    for (const each of all) each[Symbol.dispose]();
    expect(String(await connection.version())).toMatch(/^\d+\.\d+\.\d+$/);
    // What the test driver says of itself.
    expect(String(await connection.hypervisorVersion())).toBe("0.0.2");
  });

  it("takes a domain through its life", async () => {
    await using connection = await Connection.open("test:///default");
    using domain = await Domain.define(connection, domainXml("life"));
    expect((await domain.status()).state).toBe("shutoff");
    await domain.start();
    await expect(domain.start()).rejects.toThrow(/already running/);
    await domain.suspend();
    expect(await domain.status()).toEqual({ state: "paused", reason: "user" });
    await domain.resume();
    await domain.destroy();
    await domain.destroy();
    expect(await domain.status()).toEqual({ state: "shutoff", reason: "destroyed" });
    await domain.undefine();
    expect(await Domain.find(connection, "life")).toBeUndefined();
  });

  it("takes a network through its life", async () => {
    await using connection = await Connection.open("test:///default");
    const xml = "<network><name>life</name><ip address='192.168.39.1' prefix='24'/></network>";
    using network = await Network.define(connection, xml);
    expect(await network.isActive()).toBe(false);
    await network.start();
    await network.start();
    expect(await network.isActive()).toBe(true);
    await network.destroy();
    await network.destroy();
    await network.undefine();
    expect(await Network.find(connection, "life")).toBeUndefined();
  });

  it("turns libvirt's errors into typed ones with its own words", async () => {
    await using connection = await Connection.open("test:///default");
    const failure = Domain.define(connection, "<domain");
    await expect(failure).rejects.toMatchObject({ name: "LibvirtError", code: 35, kind: "other" });
    await expect(failure).rejects.toThrow(/Couldn.t find end of Start Tag/i);
  });

  it("refuses an address that nothing answers", async () => {
    const uri = "qemu+unix:///system?socket=/absent" as "qemu:///system";
    await expect(Connection.open(uri)).rejects.toMatchObject({ kind: "systemError" });
  });
});
