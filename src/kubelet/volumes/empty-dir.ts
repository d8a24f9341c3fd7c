/** emptyDir volumes: a folder on the node's disk, or a tmpfs of its own with medium Memory. */
import { chmod, mkdir, stat } from "node:fs/promises";
import type { EmptyDirVolumeSource } from "../../kinds/generated/core-v1.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import { mountTmpfs } from "./mount-commands.ts";
import { applyGroup } from "./ownership.ts";

export async function prepareEmptyDir(
  path: string,
  { medium = "", sizeLimit }: EmptyDirVolumeSource,
  group: number | undefined,
): Promise<void> {
  const fresh = (await stat(path).catch(() => undefined)) === undefined;
  if (medium.startsWith("HugePages")) throw new Error(`emptyDir medium ${medium} is not supported by this node`);
  await mkdir(path, { recursive: true });
  if (medium === "Memory") {
    const limit = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit).value();
    await mountTmpfs(path, "1777", limit === 0 ? undefined : limit);
  }
  if (!fresh) return;
  // A tmpfs keeps the sticky bit that it is mounted with.
  if (medium !== "Memory") await chmod(path, 0o777);
  if (group !== undefined) await applyGroup(path, group, "Always");
}
