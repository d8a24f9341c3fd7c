import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from "../client/resources.ts";
import type { Informer } from "../client/types.ts";
import { isPodFinished } from "../kinds/core/pod/pod-state.ts";
import type { Node, Pod } from "../kinds/generated/core-v1.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import { createPodInfo } from "./cache/pod-info.ts";
import type { ClusterEvent } from "./framework/types.ts";
import { type SchedulerState, schedulerName } from "./state.ts";

/** Keeps cache and queue in step with the cluster. Resolves when both hold what there is. */
export async function subscribeToCluster(state: SchedulerState): Promise<void> {
  const { informers, queue, cache, nominator } = state;
  informers.of(nodes).subscribe({
    added(node) {
      cache.setNode(node);
      queue.move("node-added");
    },
    updated(node, old) {
      cache.setNode(node);
      for (const event of nodeEvents(node, old)) queue.move(event);
    },
    deleted: (node) => cache.removeNode(node.metadata?.name ?? ""),
  });
  informers.of(pods).subscribe({
    added: (pod) => podChanged(state, pod, undefined),
    updated: (pod, old) => podChanged(state, pod, old),
    deleted(pod) {
      const uid = pod.metadata?.uid ?? "";
      queue.remove(uid);
      nominator.remove(uid);
      if (!cache.has(uid)) return;
      cache.removePod(uid);
      queue.move("assigned-pod-deleted");
    },
  });
  const volumes = [persistentVolumeClaims, persistentVolumes, storageClasses] as const;
  for (const resource of volumes) moveOnChange(state, informers.of<KubernetesObject>(resource), "volume");
  moveOnChange(state, informers.of<KubernetesObject>(namespaces), "namespace");
  // Read by plugins alone.
  const read = [podDisruptionBudgets, services, replicaSets, replicationControllers, statefulSets] as const;
  const all = [nodes, pods, namespaces, ...volumes, ...read] as const;
  await Promise.all(all.map((resource) => informers.of<KubernetesObject>(resource).synced()));
}

function moveOnChange({ queue }: SchedulerState, informer: Informer<KubernetesObject>, event: ClusterEvent): void {
  informer.subscribe({ added: () => queue.move(event), updated: () => queue.move(event) });
}

function podChanged({ cache, queue, nominator }: SchedulerState, pod: Pod, old: Pod | undefined): void {
  const uid = pod.metadata?.uid ?? "";
  if (isPodFinished(pod)) {
    queue.remove(uid);
    nominator.remove(uid);
    if (!cache.has(uid)) return;
    cache.removePod(uid);
    queue.move("assigned-pod-deleted");
  } else if (pod.spec?.nodeName) {
    queue.remove(uid);
    nominator.remove(uid);
    cache.setPod(pod);
    if (!old?.spec?.nodeName) queue.move("assigned-pod-added");
    else if (affectsOthers(pod, old)) queue.move("assigned-pod-updated");
  } else if ((pod.spec?.schedulerName ?? schedulerName) === schedulerName && !cache.has(uid)) {
    // A pod that is assumed is being bound: what it looks like meanwhile does not matter.
    const info = createPodInfo(pod);
    if (pod.status?.nominatedNodeName) nominator.nominate(info, pod.status.nominatedNodeName);
    else if (old?.status?.nominatedNodeName) nominator.remove(uid);
    if (pod.metadata?.deletionTimestamp !== undefined) queue.remove(uid);
    else queue.update(info);
  }
}

function nodeEvents(node: Node, old: Node): ClusterEvent[] {
  const changed = (part: (node: Node) => unknown): boolean => JSON.stringify(part(node)) !== JSON.stringify(part(old));
  const events: ClusterEvent[] = [];
  if (changed(({ status }) => status?.allocatable)) events.push("node-allocatable");
  if (changed(({ metadata }) => metadata?.labels)) events.push("node-labels");
  if (changed(({ spec }) => [spec?.taints, spec?.unschedulable])) events.push("node-taints");
  return events;
}

/** Labels, for affinity and spreading, and spec, for resized requests. Status changes are frequent and help nobody. */
function affectsOthers(pod: Pod, old: Pod): boolean {
  const part = ({ metadata, spec }: Pod): string => JSON.stringify([metadata?.labels, spec?.containers]);
  return part(pod) !== part(old);
}
