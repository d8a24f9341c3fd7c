/** The check `memory`, which every driver makes. */
import { readFile } from "node:fs/promises";
import type { Check } from "./driver.ts";

/** Compares with MemAvailable of /proc/meminfo: what can be had without swapping. */
export async function hostMemoryCheck(neededMiB: number): Promise<Check> {
  const table = await readFile("/proc/meminfo", "utf8");
  const availableMiB = Math.floor(Number(table.match(/^MemAvailable:\s+(\d+) kB$/m)?.[1] ?? 0) / 1024);
  const name = "memory";
  if (availableMiB >= neededMiB) {
    return { name, ok: true, message: `${availableMiB} MiB of memory are available`, skippable: true };
  }
  const message = `${neededMiB} MiB of memory are asked for, ${availableMiB} MiB are available`;
  const advice = `--memory=${Math.max(768, Math.floor((availableMiB * 0.75) / 256) * 256)}`;
  return { name, ok: false, errorId: "RSRC_INSUFFICIENT_SYS_MEMORY", message, advice, skippable: true };
}
