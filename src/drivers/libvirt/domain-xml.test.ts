import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import type { MachineSpec } from "../driver.ts";
import { domainXml } from "./domain-xml.ts";
import { dhcpHost, networkXml } from "./network-xml.ts";

const machine: MachineSpec = {
  name: "mini",
  profile: "mini",
  cpus: 2,
  memoryMiB: 2048,
  diskMiB: 20_000,
  network: { subnet: "192.168.39.0/24", gateway: "192.168.39.1" },
  address: "192.168.39.2",
  macAddress: "52:54:00:12:34:56",
  home: "/home/a & b/.mini",
  folder: "/home/a & b/.mini/profiles/mini/mini",
  image: { kernel: "/cache/vmlinuz", initrd: "/cache/initrd", root: "/cache/root.squashfs" },
  binary: "/usr/local/bin/mini",
  seed: "/home/a & b/.mini/profiles/mini/mini/seed",
};
const files = { data: "/d/data.qcow2", mini: "/cache/mini-1.iso", seed: "/d/seed.iso", console: "/d/console.log" };

// Update with `vitest run -u src/drivers/libvirt`.
it.each(["kvm", "qemu"] as const)("describes a %s domain", async (type) => {
  await expect(domainXml(machine, files, { type })).toMatchFileSnapshot(`golden/domain-${type}.xml`);
});

it("describes a profile's network", async () => {
  const worker = { name: "mini-m02", macAddress: "52:54:00:12:34:57", address: "192.168.39.3" };
  const hosts = [dhcpHost(machine), dhcpHost(worker)];
  await expect(networkXml("mini-mini", machine.network, hosts)).toMatchFileSnapshot("golden/network.xml");
});

/** What libvirt calls for each domain where AppArmor is on; it may also only print the profile that it would load. */
const profiler = "/usr/lib/libvirt/virt-aa-helper";

it.runIf(existsSync(profiler))("gets an AppArmor profile in which all its files are named", () => {
  const home = "/home/ada/.mini";
  const [folder, cache] = [`${home}/profiles/mini/machines/mini`, `${home}/cache/image-1`];
  const image = { kernel: `${cache}/vmlinuz`, initrd: `${cache}/initrd`, root: `${cache}/root.squashfs` };
  const own = { data: `${folder}/data.qcow2`, seed: `${folder}/seed.iso`, console: `${folder}/console.log` };
  const shared = { mini: `${cache}/mini-1.iso` };
  const adas = { ...machine, hostName: "mini.ada", home, folder, image };
  const xml = domainXml(adas, { ...own, ...shared }, { type: "kvm" });
  const uuid = xml.match(/<uuid>(.*)<\/uuid>/)?.[1];
  const { status, stdout, stderr } = spawnSync(profiler, ["-c", "-d", "-u", `libvirt-${uuid}`], {
    input: xml,
    encoding: "utf8",
  });
  const profile = `${stdout}${stderr}`;
  expect(status, profile).toBe(0);
  expect(profile).toContain(`"${own.data}" rwk,`);
  expect(profile).toContain(`"${own.console}" rw,`);
  for (const disk of [image.root, shared.mini, own.seed]) expect(profile).toContain(`"${disk}" rk,`);
  for (const file of [image.kernel, image.initrd]) expect(profile).toContain(`"${file}" r,`);
});
