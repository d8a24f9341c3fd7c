import { pods } from "../client/resources.ts";
import type { Client } from "../client/types.ts";
import type { Binding, Pod, PodCondition } from "../kinds/generated/core-v1.ts";
import { type Clock, formatTime } from "../lib/clock.ts";
import { StatusError } from "../machinery/errors/status-error.ts";
import type { PodInfo } from "./cache/pod-info.ts";

/** Rejects with the server's StatusError: NotFound, Conflict where the pod is bound or was replaced. */
export async function bind(client: Client, { pod }: PodInfo, nodeName: string): Promise<void> {
  const { name = "", namespace = "", uid } = pod.metadata ?? {};
  const binding: Binding = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace, uid },
    target: { kind: "Node", name: nodeName },
  };
  await client.of(pods).createSubresource(name, "binding", binding, namespace);
}

/** Sets a condition and, if given, the nominated node; writes nothing where that changes nothing. */
export async function patchStatus(
  client: Client,
  pod: Pod,
  change: { condition: Omit<PodCondition, "lastTransitionTime">; nominatedNodeName?: string },
  clock: Clock,
): Promise<void> {
  const { condition, nominatedNodeName } = change;
  const present = pod.status?.conditions?.find(({ type }) => type === condition.type);
  const nominated = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? "");
  const same =
    present?.status === condition.status &&
    present.reason === condition.reason &&
    present.message === condition.message;
  if (same && nominated) return;
  const { name = "", namespace = "", uid } = pod.metadata ?? {};
  const lastTransitionTime =
    present?.status === condition.status && present.lastTransitionTime
      ? present.lastTransitionTime
      : formatTime(clock.now());
  const observedGeneration = pod.metadata?.generation;
  const conditions = [{ ...condition, observedGeneration, lastProbeTime: null, lastTransitionTime }];
  const status = { conditions, ...(nominated ? {} : { nominatedNodeName: nominatedNodeName || null }) };
  await ignoreGone(
    client.of(pods).patch(name, { metadata: { uid }, status }, { type: "strategic", namespace, subresource: "status" }),
  );
}

/** A pod that is gone, or was replaced by another of its name, needs nothing written. */
async function ignoreGone(operation: Promise<unknown>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    if (error instanceof StatusError && (error.code === 404 || error.code === 409)) return;
    throw error;
  }
}

/** The pod waits for no node in particular any more. */
export async function clearNominatedNode(client: Client, { pod, uid }: PodInfo): Promise<void> {
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const change = { metadata: { uid }, status: { nominatedNodeName: null } };
  await ignoreGone(client.of(pods).patch(name, change, { type: "strategic", namespace, subresource: "status" }));
}

/** Deletes a pod that makes room for another. */
export async function deleteVictim(client: Client, { pod, uid }: PodInfo): Promise<void> {
  const { name = "", namespace = "" } = pod.metadata ?? {};
  await ignoreGone(client.of(pods).delete(name, { namespace, preconditions: { uid } }));
}
