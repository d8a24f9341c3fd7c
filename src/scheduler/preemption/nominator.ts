import type { NodeInfo } from "../cache/node-info.ts";
import type { PodInfo } from "../cache/pod-info.ts";

/** Pods that wait on a node for the victims of their preemption to go. */
export class Nominator {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  nominate(pod: PodInfo, nodeName: string): void {
    this.remove(pod.uid);
    const pods = this.#byNode.get(nodeName) ?? new Map<string, PodInfo>();
    pods.set(pod.uid, pod);
    this.#byNode.set(nodeName, pods);
    this.#nodeOf.set(pod.uid, nodeName);
  }

  remove(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }

  /** Those on `node` that `pod` must leave room for: of its priority or more. */
  ahead(node: NodeInfo, pod: PodInfo): readonly PodInfo[] {
    const pods = this.#byNode.get(node.name);
    if (pods === undefined) return none;
    return [...pods.values()].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
  }

  /** Those on a node of lower priority: their room is taken, so they must look again. */
  below(nodeName: string, priority: number): readonly PodInfo[] {
    return [...(this.#byNode.get(nodeName)?.values() ?? [])].filter((other) => other.priority < priority);
  }
}

const none: readonly PodInfo[] = [];
