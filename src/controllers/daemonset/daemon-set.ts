/**
 * DaemonSets: one pod on every node that the template fits. Fed by DaemonSets, nodes and pods; feeds pods (bound to
 * their node by affinity), ControllerRevisions and the status.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { controllerRevisions, daemonSets, nodes, pods } from "../../client/resources.ts";
import type { DaemonSet } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { sameJson, sameStatus } from "../framework/canonical-json.ts";
import { claimOwned, indexByOwner, watchOrphans } from "../framework/claim.ts";
import { metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch, watchOwned } from "../framework/define-controller.ts";
import { pruneRevisions, revisionHash, revisionHashLabel, syncRevision } from "../framework/history.ts";
import { changePods, podFromTemplate } from "../framework/pod-control.ts";
import { scheduleAvailability } from "../framework/pods.ts";
import { targetNode, templateForNode } from "./placement.ts";
import { type DaemonPlan, type DaemonState, daemonStatus, observe, planPlacement, planRollingUpdate } from "./plan.ts";

/** Upstream's BurstReplicas, and its first delay before a failed daemon pod is replaced. */
const maximumAtOnce = 250;
const failedBackOffMs = 1_000;
const maximumFailedBackOffMs = 900_000;

/** `DaemonSet uid/node` to when its pod last failed and how long to wait after; forgotten after a calm time. */
const failures = new Map<string, { at: number; delay: number }>();

export const daemonSetController = defineController({
  name: "daemonset",
  primary: daemonSets,
  owns: [pods],
  watches: [
    watchOwned(controllerRevisions, "DaemonSet"),
    watch(nodes, (node, context, { old }) =>
      old !== undefined && sameJson([node.spec, node.metadata?.labels], [old.spec, old.metadata?.labels])
        ? []
        : context.lister(daemonSets).list().map(objectKey),
    ),
    watchOrphans(pods, daemonSets, ({ spec }) => labelSelectorFromObject(spec?.selector)),
  ],
  setUp(context) {
    indexByOwner(context, pods);
    indexByOwner(context, controllerRevisions);
  },
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const set = context.lister(daemonSets).get(name, namespace);
  if (set === undefined) return context.expectations.forget(key);
  const selector = labelSelectorFromObject(set.spec?.selector);
  if (selector.empty) {
    const message = "This daemon set is selecting all pods. A non-empty selector is required.";
    return context.recorder.event(set, "Warning", "SelectingAll", message);
  }
  if (set.metadata?.deletionTimestamp !== undefined) return;
  const template = set.spec?.template;
  const labels = template?.metadata?.labels ?? {};
  const revision = await syncRevision(context, { resource: daemonSets, object: set, template, labels });
  const owned = await claimOwned(context, { resource: pods, owner: set, ownerResource: daemonSets, selector });
  const facts = { hash: revisionHash(revision), now: context.clock.now() };
  const state = observe(set, context.lister(nodes).list(), owned, facts);
  if (context.expectations.satisfied(key)) {
    await apply(key, state, planPlacement(state), context);
    if (set.spec?.updateStrategy?.type !== "OnDelete" && context.expectations.satisfied(key)) {
      await apply(key, state, planRollingUpdate(state), context);
    }
  }
  await pruneRevisions(context, set, {
    limit: set.spec?.revisionHistoryLimit ?? 10,
    used: new Set([facts.hash, ...owned.map((pod) => pod.metadata?.labels?.[revisionHashLabel] ?? "")]),
  });
  await writeStatus(set, state, context);
  scheduleAvailability(context, key, owned, set.spec?.minReadySeconds ?? 0);
}

async function apply(key: string, state: DaemonState, plan: DaemonPlan, context: ControllerContext): Promise<void> {
  const { set, hash } = state;
  for (const pod of plan.failed) {
    const { name, namespace } = metaOf(pod);
    const message = `Found failed daemon pod ${namespace}/${name} on node ${targetNode(pod)}, will try to kill it`;
    context.recorder.event(set, "Warning", "FailedDaemonPod", message);
  }
  const removals = plan.remove.filter((pod) => !plan.failed.includes(pod) || mayReplace(key, set, pod, context));
  const nodeNames = plan.create.slice(0, maximumAtOnce);
  const reference = newControllerReference(daemonSets, set);
  const failure = await changePods(context, {
    key,
    owner: set,
    create: nodeNames.length,
    newPod(index) {
      const labels = { [revisionHashLabel]: hash };
      const template = templateForNode(set.spec?.template ?? {}, nodeNames[index] as string, labels);
      return podFromTemplate(template, set, reference);
    },
    remove: removals.slice(0, maximumAtOnce),
  });
  if (failure !== undefined) throw failure;
}

/** A pod that fails again and again is replaced more and more slowly. */
function mayReplace(key: string, set: DaemonSet, pod: Pod, context: ControllerContext): boolean {
  const id = `${metaOf(set).uid}/${targetNode(pod)}`;
  const now = context.clock.now();
  for (const [old, { at }] of failures) if (now - at > 2 * maximumFailedBackOffMs) failures.delete(old);
  const last = failures.get(id);
  if (last !== undefined && now < last.at + last.delay) {
    context.enqueue(key, last.at + last.delay - now);
    return false;
  }
  const delay = last === undefined ? failedBackOffMs : Math.min(last.delay * 2, maximumFailedBackOffMs);
  failures.set(id, { at: now, delay });
  return true;
}

async function writeStatus(set: DaemonSet, state: DaemonState, context: ControllerContext): Promise<void> {
  const status = {
    ...set.status,
    ...daemonStatus(state),
    observedGeneration: set.metadata?.generation ?? 0,
  };
  if (sameStatus(set.status, status)) return;
  await context.client.of(daemonSets).updateStatus({ ...set, status });
}
