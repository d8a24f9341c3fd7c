/** The checks `cpus` and `disk`, which every driver makes. */
import { stat, statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import type { Check } from "./driver.ts";

export function hostCpuCheck(cpus: number): Check {
  const available = availableParallelism();
  const name = "cpus";
  if (cpus <= available) return { name, ok: true, message: `${available} processors are available`, skippable: true };
  const message = `${cpus} processors are asked for, the machine has ${available}`;
  return {
    name,
    ok: false,
    errorId: "RSRC_INSUFFICIENT_CORES",
    message,
    advice: `--cpus=${available}`,
    skippable: true,
  };
}

/** Compares with what is free where `folder` is, or will be. */
export async function hostDiskCheck(folder: string, diskMiB: number): Promise<Check> {
  const name = "disk";
  // The disk grows as it is written: what must be there now is room for the images of a small cluster.
  const needed = Math.min(diskMiB, 2048);
  const { bavail, bsize } = await statfs(await nearestFolder(folder));
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= needed) return { name, ok: true, message: `${freeMiB} MiB are free in ${folder}`, skippable: true };
  const message = `${folder} has ${freeMiB} MiB free, ${needed} MiB are needed`;
  const advice = "Free some space, or point MINI_HOME to a larger disk";
  return { name, ok: false, errorId: "RSRC_INSUFFICIENT_STORAGE", message, advice, skippable: true };
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : nearestFolder(dirname(path));
}
