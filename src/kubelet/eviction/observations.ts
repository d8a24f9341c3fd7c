/** Looks at how much is left of what the node's thresholds ask about, and at nothing else. */
import { readMemory } from "../node/machine.ts";
import { readFileSystem } from "../stats/file-system.ts";
import { readProcessLimits } from "../stats/node-usage.ts";
import type { Observation, Signal, Threshold } from "./thresholds.ts";

export interface ObservedPlaces {
  /** The kubelet's folder, of which upstream says "nodefs". */
  readonly root: string;
  /** Where the runtime keeps images. */
  imageFolder(): Promise<string>;
}

/** Throws RuntimeError and what the file system says. */
export async function readObservations(
  thresholds: readonly Threshold[],
  { root, imageFolder }: ObservedPlaces,
): Promise<Map<Signal, Observation>> {
  const observations = new Map<Signal, Observation>();
  const wants = (prefix: string): boolean => thresholds.some(({ signal }) => signal.startsWith(prefix));
  const observeDisk = async (name: "nodefs" | "imagefs", path: string): Promise<void> => {
    const { availableBytes, capacityBytes, inodesFree, inodes } = await readFileSystem(path);
    observations.set(`${name}.available`, { available: availableBytes, capacity: capacityBytes });
    // Some file systems make inodes as they go, and have no number of them.
    if (inodes > 0) observations.set(`${name}.inodesFree`, { available: inodesFree, capacity: inodes });
  };
  if (wants("memory.")) {
    const { available, total } = await readMemory();
    observations.set("memory.available", { available, capacity: total });
  }
  if (wants("nodefs.")) await observeDisk("nodefs", root);
  if (wants("imagefs.")) await observeDisk("imagefs", await imageFolder());
  if (wants("pid.")) {
    const { maximum, current } = await readProcessLimits();
    observations.set("pid.available", { available: maximum - current, capacity: maximum });
  }
  return observations;
}
