import { existsSync, readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import type { MachineSpec } from "../../src/drivers/driver.ts";
import { createRuncDriver } from "../../src/drivers/runc/index.ts";
import { describeDriver } from "./driver-suite.ts";

const folder = join(import.meta.dirname, "../../.cache/image");
const possible = process.getuid?.() === 0 && existsSync(join(folder, "root.squashfs"));

/** Mounts, control groups, runc's state and the bridge. */
async function leftovers({ name, folder: own, network }: MachineSpec): Promise<readonly string[]> {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const groups = ["/sys/fs/cgroup", ...readdirSync("/sys/fs/cgroup").map((each) => join("/sys/fs/cgroup", each))];
  const paths = [...groups.map((group) => join(group, "mini", name)), join("/run/mini/runc", name)];
  const interfaces = Object.entries(networkInterfaces()).filter(([, addresses]) =>
    addresses?.some(({ address }) => address === network.gateway),
  );
  return [
    ...mounts.filter((line) => line.includes(own)),
    ...paths.filter((path) => existsSync(path)),
    ...interfaces.map(([each]) => each),
  ];
}

if (possible) {
  const image = {
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd"),
    root: join(folder, "root.squashfs"),
  };
  describeDriver("runc", { driver: createRuncDriver(), image, boots: true, bootMs: 60_000, leftovers });
} else {
  describe.skip("driver runc (needs root and a built image)", () => undefined);
}
