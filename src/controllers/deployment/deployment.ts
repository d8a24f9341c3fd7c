/**
 * Deployments: one ReplicaSet for each version of the pod template, scaled against each other by the strategy. Fed by
 * Deployments, their ReplicaSets and pods; feeds ReplicaSets and the status. Follows upstream's
 * pkg/controller/deployment.
 */

import { splitKey } from "../../client/object-cache.ts";
import { deployments, pods, replicaSets } from "../../client/resources.ts";
import type { Deployment } from "../../kinds/generated/apps-v1.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { claimOwned, indexByOwner, watchOrphans } from "../framework/claim.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { desiredReplicasOf } from "./annotations.ts";
import { conditionOf } from "./conditions.ts";
import { allSets, findSets, hasProgressDeadline, type Rollout, setProgressing, syncRevision } from "./rollout.ts";
import { isActive, isRollingUpdate, replicasOf } from "./sizes.ts";
import { syncStatus } from "./status.ts";
import { rollOut, scaleProportionally } from "./strategy.ts";

export const deploymentController = defineController({
  name: "deployment",
  primary: deployments,
  owns: [replicaSets],
  watches: [
    watchOrphans(replicaSets, deployments, ({ spec }) => labelSelectorFromObject(spec?.selector)),
    // Recreate waits for the last old pod to go.
    watch(pods, (pod, context, { type }) => {
      const owner = controllerOf(pod);
      if (type !== "deleted" || owner?.kind !== "ReplicaSet") return [];
      const set = context.lister(replicaSets).get(owner.name, pod.metadata?.namespace);
      const deployment = set && controllerOf(set);
      const key = `${pod.metadata?.namespace}/${deployment?.name}`;
      const stored = context.lister(deployments).get(deployment?.name ?? "", pod.metadata?.namespace);
      return stored?.spec?.strategy?.type === "Recreate" ? [key] : [];
    }),
  ],
  setUp(context) {
    indexByOwner(context, replicaSets);
    indexByOwner(context, pods);
  },
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const deployment = context.lister(deployments).get(name, namespace);
  if (deployment === undefined) return;
  const selector = labelSelectorFromObject(deployment.spec?.selector);
  if (selector.empty) {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    context.recorder.event(deployment, "Warning", "SelectingAll", message);
    return;
  }
  const sets = await claimOwned(context, {
    resource: replicaSets,
    owner: deployment,
    ownerResource: deployments,
    selector,
  });
  const rollout = findSets(context, deployment, sets);
  if (deployment.metadata?.deletionTimestamp !== undefined) return syncStatus(rollout);
  await syncPausedCondition(rollout);
  await syncRevision(rollout);
  if (deployment.spec?.paused === true || isScalingEvent(rollout, deployment)) {
    await scaleProportionally(rollout);
    return syncStatus(rollout);
  }
  await rollOut(rollout, isRollingUpdate(deployment));
}

/** Someone changed spec.replicas since an active ReplicaSet was last scaled. */
function isScalingEvent(rollout: Rollout, deployment: Deployment): boolean {
  return allSets(rollout)
    .filter(isActive)
    .some((set) => {
      const desired = desiredReplicasOf(set);
      return desired !== undefined && desired !== replicasOf(deployment);
    });
}

/** Progress is not measured while paused: the condition says so, and starts anew on resuming. */
async function syncPausedCondition(rollout: Rollout): Promise<void> {
  const { deployment } = rollout;
  if (!hasProgressDeadline(deployment)) return;
  const progressing = conditionOf(deployment.status?.conditions, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") return;
  const paused = deployment.spec?.paused === true;
  if (paused === (progressing?.reason === "DeploymentPaused")) return;
  if (paused) await setProgressing(rollout, "Unknown", "DeploymentPaused", "Deployment is paused");
  else await setProgressing(rollout, "Unknown", "DeploymentResumed", "Deployment is resumed");
}
