/** The drivers by name. Each is loaded when asked for, so that a command pays only for the one it uses. */
import type { Driver, DriverName } from "./driver.ts";
import { rootDriver } from "./root-process.ts";

/** In the order of preference. */
export const driverNames: readonly DriverName[] = ["kvm2", "qemu2", "runc"];

export async function loadDriver(name: DriverName): Promise<Driver> {
  if (name === "runc") {
    const remote = rootDriver();
    if (remote !== undefined) return remote;
    const { createRuncDriver } = await import("./runc/index.ts");
    return createRuncDriver();
  }
  const { createLibvirtDriver } = await import("./libvirt/index.ts");
  return createLibvirtDriver({ name });
}

export function isDriverName(name: string): name is DriverName {
  return (driverNames as readonly string[]).includes(name);
}
