/** Where the kubelet keeps things and what it tells pods about the cluster. Paths are absolute. */
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

/** Folder of a volume that lies on the node's disk. */
export function volumeFolder(settings: Pick<KubeletSettings, "root">, uid: string, volume: string): string {
  return `${podFolder(settings, uid)}/volumes/${volume}`;
}
