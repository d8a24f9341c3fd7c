/**
 * Removes pods that no kubelet will: those on nodes that are gone, those deleted before they had a node, and finished
 * ones beyond a limit. Fed by pods and nodes.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { nodes, pods } from "../../client/resources.ts";
import { isPodFinished } from "../../kinds/core/pod/pod-state.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { byCreation, metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { indexPodsByNode, podsOnNode } from "../framework/pods-by-node.ts";

/** Upstream's terminated-pod-gc-threshold and quarantine of nodes that just vanished. */
const maximumFinished = 12_500;
const quarantineMs = 40_000;
const finishedIndex = "finished";

export const podGarbageCollector = defineController({
  name: "pod-garbage-collector",
  primary: pods,
  watches: [
    watch(nodes, (node, context, { type }) => {
      if (type !== "deleted") return [];
      const orphans = podsOnNode(context, metaOf(node).name);
      for (const pod of orphans) context.enqueue(objectKey(pod), quarantineMs);
      return [];
    }),
  ],
  workers: 2,
  setUp(context) {
    indexPodsByNode(context);
    context.informers.of(pods).addIndex(finishedIndex, (pod) => (isPodFinished(pod) ? [""] : []));
  },
  async reconcile(key, context) {
    const { namespace, name } = splitKey(key);
    const pod = context.lister(pods).get(name, namespace);
    if (pod === undefined) return;
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) {
      if (pod.metadata?.deletionTimestamp !== undefined) await remove(pod, context);
    } else if (context.lister(nodes).get(nodeName) === undefined) {
      await removeOrphan(pod, nodeName, context);
    }
    if (isPodFinished(pod)) await removeExcess(context);
  },
});

async function removeOrphan(pod: Pod, nodeName: string, context: ControllerContext): Promise<void> {
  const age = context.clock.now() - Date.parse(pod.metadata?.creationTimestamp ?? "");
  // A node may be late in the cache, or register again in a moment.
  if (age < quarantineMs) return context.enqueue(objectKey(pod), quarantineMs - age);
  if ((await ignoreNotFound(context.client.of(nodes).get(nodeName))) !== undefined) return;
  await remove(pod, context, "PodGC: node no longer exists");
}

async function remove(pod: Pod, context: ControllerContext, reason?: string): Promise<void> {
  const { name, namespace, uid } = metaOf(pod);
  if (!isPodFinished(pod) && reason !== undefined) {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: reason,
      lastTransitionTime: formatTime(context.clock.now()),
    };
    const patch = { metadata: { uid }, status: { phase: "Failed", conditions: [condition] } };
    const options = { type: "strategic", namespace, subresource: "status" } as const;
    await ignoreNotFound(context.client.of(pods).patch(name, patch, options));
  }
  const options = { namespace, gracePeriodSeconds: 0, preconditions: { uid } };
  await ignoreNotFound(context.client.of(pods).delete(name, options));
}

/** Oldest first. */
async function removeExcess(context: ControllerContext): Promise<void> {
  const finished = context.lister(pods).byIndex(finishedIndex, "");
  if (finished.length <= maximumFinished) return;
  for (const pod of finished.sort(byCreation).slice(0, finished.length - maximumFinished)) await remove(pod, context);
}
