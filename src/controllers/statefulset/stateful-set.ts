/**
 * StatefulSets: pods with lasting names and claims, started, updated and stopped in order. Fed by StatefulSets, pods
 * and claims; feeds pods, claims, ControllerRevisions and the status. Follows upstream's pkg/controller/statefulset.
 */

import { splitKey } from "../../client/object-cache.ts";
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from "../../client/resources.ts";
import { isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import { scaledValue } from "../../machinery/int-or-string.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { claimOwned, indexByOwner, watchOrphans } from "../framework/claim.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch, watchOwned } from "../framework/define-controller.ts";
import { messageOf } from "../framework/failures.ts";
import { pruneRevisions, revisionHash, revisionsOf, syncRevision } from "../framework/history.ts";
import { isPodAvailable, scheduleAvailability } from "../framework/pods.ts";
import { ensureClaims, syncClaimOwners } from "./claims.ts";
import { ordinalOf, podRevision, statefulPod } from "./identity.ts";

export const statefulSetController = defineController({
  name: "statefulset",
  primary: statefulSets,
  owns: [pods],
  watches: [
    watchOwned(controllerRevisions, "StatefulSet"),
    watch(persistentVolumeClaims, () => []),
    watchOrphans(pods, statefulSets, ({ spec }) => labelSelectorFromObject(spec?.selector)),
  ],
  setUp(context) {
    indexByOwner(context, pods);
    indexByOwner(context, controllerRevisions);
  },
  reconcile,
});

interface Pass {
  readonly set: StatefulSet;
  readonly context: ControllerContext;
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly pods: readonly Pod[];
  /** Ordinals that should exist, ascending, with their pods. */
  readonly slots: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Pods beyond, highest ordinal first. */
  readonly condemned: readonly Pod[];
  /** One at a time, each after the one before it is available. */
  readonly ordered: boolean;
}

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const set = context.lister(statefulSets).get(name, namespace);
  if (set === undefined) return;
  const selector = labelSelectorFromObject(set.spec?.selector);
  const eligible = (pod: Pod): boolean => ordinalOf(set, pod) !== undefined;
  const owned = await claimOwned(context, {
    resource: pods,
    owner: set,
    ownerResource: statefulSets,
    selector,
    eligible,
  });
  const labels = set.spec?.template.metadata?.labels ?? {};
  const update = await syncRevision(context, {
    resource: statefulSets,
    object: set,
    template: set.spec?.template,
    labels,
  });
  const revisions = revisionsOf(context, set);
  const current = revisions.find((revision) => metaOf(revision).name === set.status?.currentRevision) ?? update;
  const pass = observe(set, owned, { current, update, context });
  await syncClaimOwners(set, owned, new Set(pass.condemned), context);
  if (set.metadata?.deletionTimestamp === undefined) await step(pass);
  await writeStatus(pass);
  const live = [current, update, ...owned.map((pod) => revisions.find((one) => metaOf(one).name === podRevision(pod)))];
  const used = new Set(live.flatMap((revision) => (revision === undefined ? [] : [revisionHash(revision)])));
  await pruneRevisions(context, set, { limit: set.spec?.revisionHistoryLimit ?? 10, used });
  scheduleAvailability(context, key, owned, set.spec?.minReadySeconds ?? 0);
}

const startOf = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;

function observe(set: StatefulSet, owned: readonly Pod[], rest: Pick<Pass, "current" | "update" | "context">): Pass {
  const byOrdinal = new Map(owned.map((pod) => [ordinalOf(set, pod) as number, pod]));
  const start = startOf(set);
  const replicas = set.spec?.replicas ?? 1;
  const slots = Array.from({ length: replicas }, (_, index) => ({
    ordinal: start + index,
    pod: byOrdinal.get(start + index),
  }));
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal < start || ordinal >= start + replicas)
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  return { set, pods: owned, slots, condemned, ordered: set.spec?.podManagementPolicy !== "Parallel", ...rest };
}

const isTerminating = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
const isHealthy = (pod: Pod): boolean => isPodReady(pod) && !isTerminating(pod);
function isAvailable({ set, context }: Pass, pod: Pod): boolean {
  return isHealthy(pod) && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, context.clock.now());
}

/** Does as much as the order allows; what remains follows when the pods have changed. */
async function step(pass: Pass): Promise<void> {
  for (const slot of pass.slots) {
    const settled = await stepSlot(pass, slot);
    if (!settled && pass.ordered) return;
  }
  const firstUnhealthy =
    pass.slots.find(({ pod }) => pod === undefined || !isHealthy(pod))?.pod ??
    pass.condemned.findLast((pod) => !isHealthy(pod));
  for (const pod of pass.condemned) {
    if (isTerminating(pod)) {
      if (pass.ordered) return;
      continue;
    }
    if (pass.ordered && !isPodReady(pod) && pod !== firstUnhealthy) return;
    await removePod(pass, pod);
    if (pass.ordered) return;
  }
  if (pass.set.spec?.updateStrategy?.type !== "OnDelete") await stepUpdate(pass);
}

/** Answers whether the pod of a slot is there and available. */
async function stepSlot(pass: Pass, { ordinal, pod }: Pass["slots"][number]): Promise<boolean> {
  const { set, context } = pass;
  if (pod === undefined) {
    await createPod(pass, ordinal);
    return false;
  }
  const { phase } = pod.status ?? {};
  if (phase === "Failed" || phase === "Succeeded") {
    if (isTerminating(pod)) return false;
    const name = `${metaOf(set).namespace}/${metaOf(set).name}`;
    if (phase === "Failed") {
      const message = `StatefulSet ${name} is recreating failed Pod ${metaOf(pod).name}`;
      context.recorder.event(set, "Warning", "RecreatingFailedPod", message);
    } else {
      const message = `StatefulSet ${name} is recreating terminated Pod ${metaOf(pod).name}`;
      context.recorder.event(set, "Normal", "RecreatingTerminatedPod", message);
    }
    await removePod(pass, pod);
    return false;
  }
  // A claim that was deleted meanwhile would keep the pod from ever starting.
  if (phase === "Pending" && !isTerminating(pod)) await ensureClaims(set, pod, ordinal, context);
  return isAvailable(pass, pod);
}

/** Below the partition, or while an update has not come that far, a lost pod returns as it was. */
function revisionFor({ set, current, update }: Pass, ordinal: number): ControllerRevision {
  if (set.spec?.updateStrategy?.type === "OnDelete") return update;
  const { rollingUpdate } = set.spec?.updateStrategy ?? {};
  const kept = rollingUpdate === undefined ? (set.status?.currentReplicas ?? 0) : (rollingUpdate.partition ?? 0);
  return ordinal < startOf(set) + kept ? current : update;
}

async function createPod(pass: Pass, ordinal: number): Promise<void> {
  const { set, context } = pass;
  const pod = statefulPod(set, ordinal, revisionFor(pass, ordinal));
  await ensureClaims(set, pod, ordinal, context);
  const subject = `Pod ${metaOf(pod).name} in StatefulSet ${metaOf(set).name}`;
  try {
    await context.client.of(pods).create(pod);
    context.recorder.event(set, "Normal", "SuccessfulCreate", `create ${subject} successful`);
  } catch (error) {
    // Names are fixed: the cache lags, and the pod is there.
    if (isAlreadyExists(error)) return;
    const message = `create ${subject} failed error: ${messageOf(error)}`;
    context.recorder.event(set, "Warning", "FailedCreate", message);
    throw error;
  }
}

async function removePod({ set, context }: Pass, pod: Pod): Promise<void> {
  const { name, namespace, uid } = metaOf(pod);
  await ignoreNotFound(context.client.of(pods).delete(name, { namespace, preconditions: { uid } }));
  const message = `delete Pod ${name} in StatefulSet ${metaOf(set).name} successful`;
  context.recorder.event(set, "Normal", "SuccessfulDelete", message);
}

/** From the highest ordinal down to the partition, as many at a time as may be unavailable. */
async function stepUpdate(pass: Pass): Promise<void> {
  const { set, slots, update } = pass;
  const { partition = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const allowed = Math.max(1, scaledValue(maxUnavailable, slots.length, true));
  let unavailable = slots.filter(({ pod }) => pod === undefined || !isAvailable(pass, pod)).length;
  for (const { ordinal, pod } of [...slots].reverse()) {
    if (ordinal < startOf(set) + partition) return;
    if (pod === undefined) continue;
    const outdated = podRevision(pod) !== metaOf(update).name;
    if (!outdated || isTerminating(pod)) {
      if (!isAvailable(pass, pod) && allowed === 1) return;
      continue;
    }
    const serves = isAvailable(pass, pod);
    if (serves && unavailable >= allowed) return;
    await removePod(pass, pod);
    if (serves) unavailable++;
    if (unavailable >= allowed) return;
  }
}

async function writeStatus(pass: Pass): Promise<void> {
  const { set, context, current, update } = pass;
  const counted = pass.pods.filter((pod) => !isTerminating(pod));
  const of = (revision: ControllerRevision): number =>
    counted.filter((pod) => podRevision(pod) === metaOf(revision).name).length;
  const status: StatefulSetStatus = {
    ...set.status,
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: pass.pods.length,
    readyReplicas: pass.pods.filter(isHealthy).length,
    availableReplicas: pass.pods.filter((pod) => isAvailable(pass, pod)).length,
    currentReplicas: of(current),
    updatedReplicas: of(update),
    currentRevision: metaOf(current).name,
    updateRevision: metaOf(update).name,
    collisionCount: set.status?.collisionCount ?? 0,
  };
  const finished =
    set.spec?.updateStrategy?.type !== "OnDelete" &&
    status.updatedReplicas === (set.spec?.replicas ?? 1) &&
    status.replicas === status.updatedReplicas &&
    status.readyReplicas === status.replicas;
  if (finished) {
    status.currentReplicas = status.updatedReplicas;
    status.currentRevision = status.updateRevision;
  }
  if (sameStatus(set.status, status)) return;
  await context.client.of(statefulSets).updateStatus({ ...set, status });
}
