/** The machines of a profile, for what works without the node image: stop, delete, status, logs. */
import { join } from "node:path";
import type { Driver, MachineSpec } from "../../drivers/driver.ts";
import { loadDriver } from "../../drivers/index.ts";
import { cacheFolder } from "../home.ts";
import { machineSpec } from "../machine.ts";
import { findBinary, type NodeImage, provideNodeImage } from "../node-image.ts";
import type { Profile } from "../profile.ts";

export interface Machines {
  readonly driver: Driver;
  /** Control plane first. */
  readonly all: readonly MachineSpec[];
}

/** Unpacks nothing: paths of the image are empty where it is not there, which stopping and removing do not need. */
export async function machinesOf(profile: Profile): Promise<Machines> {
  const image = await describeImage();
  return {
    driver: await loadDriver(profile.driver),
    all: profile.nodes.map((node) => machineSpec(profile, node, image)),
  };
}

async function describeImage(): Promise<NodeImage> {
  try {
    return await provideNodeImage();
  } catch {
    // A profile can be stopped and deleted by a mini that could not start it.
    const binary = await findBinary().then(
      (found) => found.binary,
      () => process.execPath,
    );
    return { ...noImage(), binary };
  }
}

/** For what boots nothing. The file that is not there names the cache, whose mounts a removal looks through. */
export function noImage(): NodeImage {
  return { kernel: "", initrd: "", root: join(cacheFolder(), "image", "root.squashfs"), binary: process.execPath };
}
