/** Figures of the volumes that pods claim, in Prometheus' text form: each claim once, however many pods mount it. */
import { gauge } from "./exposition.ts";
import type { FileSystemStats } from "./file-system.ts";
import type { VolumeStats } from "./volume-stats.ts";

const families: readonly (readonly [name: string, help: string, key: keyof FileSystemStats])[] = [
  ["available_bytes", "Number of available bytes in the volume", "availableBytes"],
  ["capacity_bytes", "Capacity in bytes of the volume", "capacityBytes"],
  ["inodes", "Maximum number of inodes in the volume", "inodes"],
  ["inodes_free", "Number of free inodes in the volume", "inodesFree"],
  ["inodes_used", "Number of used inodes in the volume", "inodesUsed"],
  ["used_bytes", "Number of used bytes in the volume", "usedBytes"],
];

export function claimMetrics(volumes: readonly VolumeStats[]): string {
  const claims = new Map<string, { readonly labels: Record<string, string>; readonly stats: VolumeStats }>();
  for (const stats of volumes) {
    if (stats.pvcRef === undefined) continue;
    const { namespace, name } = stats.pvcRef;
    const key = `${namespace}/${name}`;
    if (!claims.has(key)) claims.set(key, { labels: { namespace, persistentvolumeclaim: name }, stats });
  }
  return families
    .map(([name, help, key]) =>
      gauge(
        `kubelet_volume_stats_${name}`,
        help,
        [...claims.values()].map(({ labels, stats }) => ({ labels, value: stats[key] })),
      ),
    )
    .join("");
}
