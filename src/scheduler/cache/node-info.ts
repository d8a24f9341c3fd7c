import type { Node } from "../../kinds/generated/core-v1.ts";
import type { HostPort, PodInfo } from "./pod-info.ts";
import { addResources, noResources, parseResources, podLimit, type Resources } from "./resources.ts";

/** A node with the sums over its pods, kept up to date as pods come and go. */
export class NodeInfo {
  readonly name: string;
  /** Undefined while pods are known of a node that is not (yet, or any more). */
  node: Node | undefined;
  labels: Readonly<Record<string, string>> = {};
  allocatable: Resources = noResources();
  maximumPods = 0;
  readonly requested: Resources = noResources();
  readonly scoringRequested: Resources = noResources();
  readonly pods = new Map<string, PodInfo>();
  readonly #ports = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node | undefined): void {
    this.node = node;
    this.labels = node?.metadata?.labels ?? {};
    this.allocatable = parseResources(node?.status?.allocatable);
    this.maximumPods = podLimit(node?.status?.allocatable);
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  removePod(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid);
    if (pod === undefined) return undefined;
    this.pods.delete(uid);
    this.#count(pod, -1);
    return pod;
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    addResources(this.requested, pod.requests, sign);
    addResources(this.scoringRequested, pod.scoringRequests, sign);
    for (const port of pod.hostPorts) {
      const key = portKey(port);
      const left = (this.#ports.get(key) ?? 0) + sign;
      if (left > 0) this.#ports.set(key, left);
      else this.#ports.delete(key);
    }
  }

  /** Whether a host port is taken; the address 0.0.0.0 overlaps with every other. */
  hasPort(wanted: HostPort): boolean {
    if (this.#ports.size === 0) return false;
    if (wanted.address !== "0.0.0.0") {
      return this.#ports.has(portKey(wanted)) || this.#ports.has(portKey({ ...wanted, address: "0.0.0.0" }));
    }
    const suffix = portKey({ ...wanted, address: "" });
    for (const key of this.#ports.keys()) if (key.endsWith(suffix)) return true;
    return false;
  }
}

const portKey = ({ address, protocol, port }: HostPort): string => `${address}/${protocol}/${port}`;
