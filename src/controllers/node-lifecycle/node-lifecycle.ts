/**
 * Watches over nodes: turns conditions into taints, and declares a node Unknown whose kubelet neither renews its lease
 * nor posts status. Fed by nodes and their leases; feeds node conditions and taints, upon which the taint-eviction
 * controller acts. Time is measured here, not taken from the kubelet's clock.
 */

import { leases, nodes, pods } from "../../client/resources.ts";
import { isNodeReady } from "../../kinds/core/node/node-state.ts";
import { isPodReady, podCondition } from "../../kinds/core/pod/pod-state.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { indexPodsByNode, podsOnNode } from "../framework/pods-by-node.ts";
import { desiredTaints, monitorGraceMs, readyCondition, startupGraceMs, unknownConditions } from "./health.ts";

const leaseNamespace = { namespace: "kube-node-lease" };

interface Heartbeat {
  /** When a sign of life was last seen, by our clock. */
  at: number;
  renewTime: string | undefined;
  statusTime: string | undefined;
}

export function createNodeLifecycleController(): Controller {
  const heartbeats = new Map<string, Heartbeat>();
  const registered = new Set<string>();
  return defineController({
    name: "node-lifecycle",
    component: "node-controller",
    primary: nodes,
    watches: [
      // Renewals only move the heartbeat; the timer set at the last look finds it.
      watch(
        leases,
        ({ metadata, spec }, context) => {
          beat(heartbeats, metadata?.name ?? "", { renewTime: spec?.renewTime }, context.clock.now());
          return [];
        },
        leaseNamespace,
      ),
    ],
    workers: 2,
    setUp: indexPodsByNode,
    async reconcile(name, context) {
      const node = context.lister(nodes).get(name);
      if (node === undefined) {
        heartbeats.delete(name);
        registered.delete(name);
        return;
      }
      if (!registered.has(name)) {
        registered.add(name);
        context.recorder.event(node, "Normal", "RegisteredNode", `Registered Node ${name} in Controller`);
      }
      const heartbeat = beat(
        heartbeats,
        name,
        { statusTime: readyCondition(node)?.lastHeartbeatTime ?? "" },
        context.clock.now(),
      );
      const checked = await checkHealth(node, heartbeat, context);
      await syncTaints(checked, context);
      if (!isNodeReady(checked)) await markPodsNotReady(name, context);
    },
  });
}

/** Notes a lease renewal or status post that has not been seen before. */
function beat(
  heartbeats: Map<string, Heartbeat>,
  name: string,
  sign: { renewTime?: string | undefined; statusTime?: string | undefined },
  now: number,
): Heartbeat {
  const known = heartbeats.get(name);
  const heartbeat = known ?? { at: now, renewTime: undefined, statusTime: undefined };
  if (known === undefined) heartbeats.set(name, heartbeat);
  if (sign.renewTime !== undefined && sign.renewTime !== heartbeat.renewTime) {
    heartbeat.renewTime = sign.renewTime;
    heartbeat.at = now;
  }
  if (sign.statusTime !== undefined && sign.statusTime !== heartbeat.statusTime) {
    heartbeat.statusTime = sign.statusTime;
    heartbeat.at = now;
  }
  return heartbeat;
}

/** Declares a silent node Unknown, else comes back when its time would be up. Returns the node as it is now. */
async function checkHealth(node: Node, heartbeat: Heartbeat, context: ControllerContext): Promise<Node> {
  const { name } = metaOf(node);
  const ready = readyCondition(node);
  const grace = ready === undefined ? startupGraceMs : monitorGraceMs;
  const now = context.clock.now();
  const left = heartbeat.at + grace - now;
  if (left >= 0) {
    context.enqueue(name, left + 1);
    return node;
  }
  const conditions = unknownConditions(node, formatTime(now));
  if (sameJson(conditions, node.status?.conditions ?? [])) return node;
  if (ready?.status === "True") {
    context.recorder.event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
  }
  return context.client.of(nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
}

async function syncTaints(node: Node, context: ControllerContext): Promise<void> {
  const { name, resourceVersion } = metaOf(node);
  const now = formatTime(context.clock.now());
  const taints = desiredTaints(node, !everyNodeIsDown(context), now);
  if (sameJson(taints, node.spec?.taints ?? [])) return;
  // The list is written whole: its version makes sure that no other's taint is lost.
  const patch = { metadata: { resourceVersion }, spec: { taints } };
  await ignoreNotFound(context.client.of(nodes).patch(name, patch, { type: "merge" }));
}

/** Upstream's full disruption: then the fault is likely our own view, and no pod is evicted. */
function everyNodeIsDown(context: ControllerContext): boolean {
  return context
    .lister(nodes)
    .list()
    .every((node) => !isNodeReady(node));
}

/** Takes the pods of a node that is not ready out of Services. */
async function markPodsNotReady(nodeName: string, context: ControllerContext): Promise<void> {
  for (const pod of podsOnNode(context, nodeName)) {
    if (!isPodReady(pod)) continue;
    const { name, namespace } = metaOf(pod);
    const now = formatTime(context.clock.now());
    const condition = { ...podCondition(pod, "Ready"), type: "Ready", status: "False", lastTransitionTime: now };
    const patch = { status: { conditions: [condition] } };
    await ignoreNotFound(
      context.client.of(pods).patch(name, patch, { type: "strategic", namespace, subresource: "status" }),
    );
    context.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
  }
}
