import { execFileSync } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Connection, Domain, Network } from "../../libvirt/index.ts";
import type { Driver, MachineSpec } from "../driver.ts";
import { createLibvirtDriver } from "./index.ts";

const available = (() => {
  try {
    execFileSync("virsh", ["-c", "test:///default", "version"], { stdio: "ignore" });
    execFileSync("qemu-img", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** libvirt's test driver keeps its state as long as somebody is connected. */
describe.runIf(available)("a machine in libvirt's test driver", () => {
  const uri = "test:///default" as const;
  const { signal } = new AbortController();
  let folder: string;
  let machine: MachineSpec;
  let driver: Driver;
  let keeper: Connection;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mini-driver-"));
    await mkdir(join(folder, "machine"));
    await mkdir(join(folder, "seed"));
    for (const file of ["vmlinuz", "initrd", "root", "mini", "seed/config.json"])
      await writeFile(join(folder, file), file);
    driver = createLibvirtDriver({ name: "qemu2", uri, domainType: "test" });
    keeper = await Connection.open(uri);
    const network = await driver.allocateNetwork(["192.168.39.0/24"], { signal });
    machine = {
      ...{ name: "one", profile: "one", cpus: 1, memoryMiB: 512, diskMiB: 100, network },
      ...{ address: network.gateway.replace(/1$/, "2") },
      ...{ macAddress: "52:54:00:00:00:01", home: folder, folder: join(folder, "machine"), seed: join(folder, "seed") },
      image: { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd"), root: join(folder, "root") },
      binary: join(folder, "mini"),
    };
  });
  afterEach(async () => {
    await driver.remove(machine, { signal });
    await keeper.close();
    await rm(folder, { recursive: true });
  });

  it("lives through create, start, stop and remove, each called twice", async () => {
    expect(machine.network.gateway).toMatch(/^192\.168\.(?!39\.)\d+\.1$/);
    expect(await driver.state(machine)).toBe("Nonexistent");
    await driver.create(machine, { signal });
    await driver.create(machine, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    await driver.start(machine, { signal });
    await driver.start(machine, { signal });
    expect(await driver.state(machine)).toBe("Running");
    expect((await readFile(join(machine.folder, "seed.iso"))).includes("config.json")).toBe(true);
    await driver.stop(machine, { signal, graceMs: 100 });
    await driver.stop(machine, { signal, graceMs: 100 });
    expect(await driver.state(machine)).toBe("Stopped");
    await driver.remove(machine, { signal });
    await driver.remove(machine, { signal });
    expect(await driver.state(machine)).toBe("Nonexistent");
    expect(await Network.find(keeper, "mini-one")).toBeUndefined();
    await expect(access(join(machine.folder, "data.qcow2"))).rejects.toThrow();
  });

  it("lets a paused machine go on, and leaves any other as it is", async () => {
    await driver.resume(machine, { signal });
    await driver.create(machine, { signal });
    await driver.resume(machine, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    await driver.start(machine, { signal });
    await driver.resume(machine, { signal });
    expect(await driver.state(machine)).toBe("Running");
    using domain = await Domain.find(keeper, "one");
    await domain?.suspend();
    expect(await driver.state(machine)).toBe("Paused");
    await driver.resume(machine, { signal });
    expect(await driver.state(machine)).toBe("Running");
  });

  it("undoes an interrupted create", async () => {
    const aborted = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(driver.create(machine, { signal: aborted })).rejects.toThrow("Ctrl-C");
    expect(await driver.state(machine)).toBe("Nonexistent");
    expect(await Network.find(keeper, "mini-one")).toBeUndefined();
  });

  it("brings the network back when it went away while the machine was stopped", async () => {
    await driver.create(machine, { signal });
    using network = await Network.find(keeper, "mini-one");
    await network?.destroy();
    await driver.start(machine, { signal });
    expect(await network?.isActive()).toBe(true);
  });

  it("keeps machines of one name apart where their users are not the same", async () => {
    const folders = { home: join(folder, "two"), folder: join(folder, "two", "machine") };
    await mkdir(folders.folder, { recursive: true });
    const network = await driver.allocateNetwork([machine.network.subnet], { signal });
    const other = { ...machine, ...folders, hostName: "one.ada", network, macAddress: "52:54:00:00:00:02" };
    await driver.create(machine, { signal });
    await driver.create(other, { signal });
    await driver.start(other, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    expect(await driver.state(other)).toBe("Running");
    await driver.remove(machine, { signal });
    expect(await driver.state(other)).toBe("Running");
    using kept = await Network.find(keeper, "mini-one.ada");
    expect(await kept?.isActive()).toBe(true);
    await driver.remove(other, { signal });
    expect(await Network.find(keeper, "mini-one.ada")).toBeUndefined();
  });

  it("leaves a domain alone whose folder may not be looked at, as another user's", async () => {
    // Of a folder below a file it cannot be said either that it is gone.
    const metadata = `<machine xmlns="urn:mini:machine:1" profile="one" folder="${machine.binary}/machine"/>`;
    const os = "<memory>65536</memory><os><type>hvm</type></os>";
    const xml = `<domain type='test'><name>one</name><metadata>${metadata}</metadata>${os}</domain>`;
    using domain = await Domain.define(keeper, xml);
    await expect(driver.create(machine, { signal })).rejects.toMatchObject({ id: "PR_KVM_CREATE_BUSY" });
    await driver.remove(machine, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    await domain.undefine();
  });

  it("takes its disk away before it notes anything, since the disk may have filled the host's", async () => {
    await driver.create(machine, { signal });
    const notes = join(folder, "opened-folders.json");
    await writeFile(notes, JSON.stringify({ [folder]: { user: 64_999, machines: [machine.folder] } }));
    const locks = join(folder, "locks");
    await rm(locks, { recursive: true, force: true });
    await writeFile(locks, "in the way of every note");
    await expect(driver.remove(machine, { signal })).rejects.toThrow();
    await expect(access(join(machine.folder, "data.qcow2"))).rejects.toThrow();
    await rm(locks);
    await driver.remove(machine, { signal });
    expect(await readFile(notes, "utf8")).toBe("{}\n");
  });

  it("replaces what a crashed run left, but not a domain that is not its own", async () => {
    await driver.create(machine, { signal });
    await driver.start(machine, { signal });
    await driver.create(machine, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    await driver.remove(machine, { signal });
    const foreign = "<domain type='test'><name>one</name><memory>65536</memory><os><type>hvm</type></os></domain>";
    using domain = await Domain.define(keeper, foreign);
    await expect(driver.create(machine, { signal })).rejects.toMatchObject({ id: "PR_KVM_CREATE_BUSY" });
    await driver.remove(machine, { signal });
    expect(await driver.state(machine)).toBe("Stopped");
    await domain.undefine();
  });
});
