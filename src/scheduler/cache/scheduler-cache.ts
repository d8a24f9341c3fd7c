/**
 * What the scheduler believes of the cluster: nodes with the pods on them, including pods that it has just placed and
 * whose binding is still on its way (assumed). Fed by informers and by the scheduling loop; read by plugins. A
 * scheduling cycle runs in one turn of the event loop, so it sees one state without copying a snapshot.
 */
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import { PlacedTerms } from "./affinity-terms.ts";
import { MatchCounters } from "./match-counter.ts";
import { NodeInfo } from "./node-info.ts";
import { createPodInfo, type PodInfo } from "./pod-info.ts";

export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** uid to name of the node that the pod is counted on. */
  readonly #placements = new Map<string, string>();
  #listed: NodeInfo[] | undefined;
  /** Image name to nodes that have it, with its size in bytes. */
  readonly images = new Map<string, { size: number; nodes: Set<string> }>();
  readonly terms = new PlacedTerms();
  readonly counters = new MatchCounters(() => this.#nodes.values());

  /** Nodes that exist, in a stable order. */
  get nodes(): readonly NodeInfo[] {
    this.#listed ??= [...this.#nodes.values()].filter((info) => info.node !== undefined);
    return this.#listed;
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node === undefined ? undefined : info;
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? "");
    if (info.node === undefined) this.#listed = undefined;
    if (info.node?.status?.images !== node.status?.images) this.#setImages(info.name, info.node, node);
    info.setNode(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    this.#setImages(name, info.node, undefined);
    info.setNode(undefined);
    this.#listed = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  /** Counts a pod on its node, replacing what is known of it. */
  setPod(pod: Pod): void {
    this.place(createPodInfo(pod), pod.spec?.nodeName ?? "");
  }

  place(pod: PodInfo, nodeName: string): void {
    this.removePod(pod.uid);
    const info = this.#info(nodeName);
    info.addPod(pod);
    this.#placements.set(pod.uid, nodeName);
    this.counters.count(nodeName, pod, 1);
    this.terms.count(info, pod, 1);
  }

  removePod(uid: string): void {
    const nodeName = this.#placements.get(uid);
    if (nodeName === undefined) return;
    this.#placements.delete(uid);
    const info = this.#nodes.get(nodeName);
    const pod = info?.removePod(uid);
    if (info === undefined || pod === undefined) return;
    this.counters.count(nodeName, pod, -1);
    this.terms.count(info, pod, -1);
    if (info.node === undefined && info.pods.size === 0) this.#nodes.delete(nodeName);
  }

  has(uid: string): boolean {
    return this.#placements.has(uid);
  }

  #info(name: string): NodeInfo {
    const info = this.#nodes.get(name) ?? new NodeInfo(name);
    this.#nodes.set(name, info);
    return info;
  }

  #setImages(name: string, old: Node | undefined, next: Node | undefined): void {
    for (const image of old?.status?.images ?? []) {
      for (const imageName of image.names ?? []) {
        const entry = this.images.get(imageName);
        entry?.nodes.delete(name);
        if (entry?.nodes.size === 0) this.images.delete(imageName);
      }
    }
    for (const image of next?.status?.images ?? []) {
      for (const imageName of image.names ?? []) {
        const entry = this.images.get(imageName) ?? { size: image.sizeBytes ?? 0, nodes: new Set() };
        entry.nodes.add(name);
        this.images.set(imageName, entry);
      }
    }
  }
}
