/**
 * Deletes pods from nodes with NoExecute taints that they do not tolerate, or tolerate for a while. Fed by pods and
 * nodes; follows upstream's pkg/controller/tainteviction.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { nodes, pods } from "../../client/resources.ts";
import type { Pod, Taint } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isTolerated, tolerates } from "../../machinery/scheduling/tolerations.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { indexPodsByNode, podsOnNode } from "../framework/pods-by-node.ts";

const noExecute = (taints: readonly Taint[] | undefined): Taint[] =>
  (taints ?? []).filter(({ effect }) => effect === "NoExecute");

export const taintEvictionController = defineController({
  name: "taint-eviction",
  primary: pods,
  watches: [
    watch(nodes, (node, context, { old }) => {
      const taints = noExecute(node.spec?.taints);
      if (taints.length === 0 || (old !== undefined && sameJson(taints, noExecute(old.spec?.taints)))) return [];
      return podsOnNode(context, metaOf(node).name).map(objectKey);
    }),
  ],
  setUp: indexPodsByNode,
  async reconcile(key, context) {
    const { namespace, name } = splitKey(key);
    const pod = context.lister(pods).get(name, namespace);
    if (pod === undefined || pod.metadata?.deletionTimestamp !== undefined || !pod.spec?.nodeName) return;
    const taints = noExecute(context.lister(nodes).get(pod.spec.nodeName)?.spec?.taints);
    if (taints.length === 0) return;
    const evictAt = evictionTime(pod, taints, context.clock.now());
    const left = evictAt - context.clock.now();
    if (left <= 0) await evict(pod, context);
    else if (Number.isFinite(left)) context.enqueue(key, left);
  },
});

/** Milliseconds since the epoch; infinite where all taints are tolerated for ever. */
export function evictionTime(pod: Pod, taints: readonly Taint[], now: number): number {
  const tolerations = pod.spec?.tolerations ?? [];
  if (taints.some((taint) => !isTolerated(taint, tolerations))) return Number.NEGATIVE_INFINITY;
  let earliest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const since = taint.timeAdded === undefined ? now : Date.parse(taint.timeAdded);
    for (const toleration of tolerations) {
      if (toleration.tolerationSeconds === undefined || !tolerates(toleration, taint)) continue;
      earliest = Math.min(earliest, since + Math.max(0, Number(toleration.tolerationSeconds)) * 1000);
    }
  }
  return earliest;
}

async function evict(pod: Pod, context: ControllerContext): Promise<void> {
  const { name, namespace, uid } = metaOf(pod);
  context.recorder.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${namespace}/${name}`);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: formatTime(context.clock.now()),
  };
  const patch = { metadata: { uid }, status: { conditions: [condition] } };
  const options = { type: "strategic", namespace, subresource: "status" } as const;
  await ignoreNotFound(context.client.of(pods).patch(name, patch, options));
  await ignoreNotFound(context.client.of(pods).delete(name, { namespace, preconditions: { uid } }));
}
