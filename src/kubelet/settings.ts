/** Where the kubelet keeps things and what it tells pods about the cluster. Paths are absolute. */
import type { Volume } from "../kinds/generated/core-v1.ts";

export interface KubeletSettings {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** /var/lib/kubelet */
  readonly root: string;
  /** /var/log/pods */
  readonly podLogs: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** The node's resolv.conf. */
  readonly resolver: string;
  readonly memoryCapacity: number;
  /** Thousandths of a core. */
  readonly cpuCapacity: number;
  /** Bytes. */
  readonly diskCapacity: number;
  readonly maximumPods: number;
}

/** Folder of everything that one pod has on the node. */
export function podFolder(settings: Pick<KubeletSettings, "root">, uid: string): string {
  return `${settings.root}/pods/${uid}`;
}

/** How upstream names the plugins of volumes that lie on the node's disk; backup programs look for these folders. */
const plugins = [
  ["configMap", "kubernetes.io~configmap"],
  ["downwardAPI", "kubernetes.io~downward-api"],
  ["emptyDir", "kubernetes.io~empty-dir"],
] as const satisfies readonly (readonly [keyof Volume, string])[];

/** Folder of a volume that lies on the node's disk. */
export function volumeFolder(settings: Pick<KubeletSettings, "root">, uid: string, volume: Volume): string {
  const plugin = plugins.find(([key]) => volume[key] !== undefined)?.[1] ?? "kubernetes.io~other";
  return `${podFolder(settings, uid)}/volumes/${plugin}/${volume.name}`;
}
