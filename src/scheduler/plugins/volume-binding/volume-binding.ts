import { persistentVolumeClaims, persistentVolumes, storageClasses } from "../../../client/resources.ts";
import { isReachableFrom } from "../../../kinds/core/persistent-volume/claim-matching.ts";
import { selectedNodeAnnotation } from "../../../kinds/core/persistent-volume-claim/annotations.ts";
import { claimNames } from "../../../kinds/core/pod/claim-names.ts";
import type { PersistentVolumeClaim } from "../../../kinds/generated/core-v1.ts";
import { noProvisioner } from "../../../kinds/storage/storage-class/provisioner.ts";
import { compileNodeSelectorTerm } from "../../../machinery/scheduling/node-selector.ts";
import type { NodeInfo } from "../../cache/node-info.ts";
import type { PodInfo } from "../../cache/pod-info.ts";
import type { NodeFilter, Plugin, PluginHandle, Rejection } from "../../framework/types.ts";
import { couldServe, isFullyBound } from "./claims.ts";

/** Upstream's bindTimeoutSeconds. */
const bindTimeoutMs = 600_000;

/**
 * Pods with claims: bound volumes must be reachable from the node; claims that wait for their first consumer must find
 * a volume or a provisioner, which is then told of the node and awaited before the pod is bound.
 */
export function createVolumeBinding(handle: PluginHandle): Plugin {
  return {
    name: "VolumeBinding",
    events: ["node-added", "node-labels", "volume", "pod-updated"],
    filter: (pod) => prepareFilter(pod, handle),
    preBind: (pod, nodeName, signal) => provision(pod, nodeName, signal, handle),
  };
}

function prepareFilter(pod: PodInfo, { informers }: PluginHandle): NodeFilter | Rejection | undefined {
  const names = claimNames(pod.pod);
  if (names.length === 0) return undefined;
  const bound: PersistentVolumeClaim[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  for (const name of names) {
    const claim = informers.of(persistentVolumeClaims).lister.get(name, pod.namespace);
    if (claim === undefined) {
      const ephemeral = pod.pod.spec?.volumes?.some((volume) => volume.ephemeral && name.endsWith(`-${volume.name}`));
      const detail = ephemeral ? "waiting for ephemeral volume controller to create the" : undefined;
      const reason = detail ? `${detail} persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found`;
      return { reasons: [reason], unresolvable: true };
    }
    if (claim.metadata?.deletionTimestamp !== undefined) {
      return { reasons: [`persistentvolumeclaim "${name}" is being deleted`], unresolvable: true };
    }
    if (isFullyBound(claim)) bound.push(claim);
    else if (waitsForConsumer(claim, informers) && !claim.spec?.volumeName) waiting.push(claim);
    else return { reasons: ["pod has unbound immediate PersistentVolumeClaims"], unresolvable: true };
  }
  return (node) => checkBound(bound, node, informers) ?? checkWaiting(waiting, node, informers);
}

type Informers = PluginHandle["informers"];

function waitsForConsumer(claim: PersistentVolumeClaim, informers: Informers): boolean {
  const storageClass = informers.of(storageClasses).lister.get(claim.spec?.storageClassName ?? "");
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}

function checkBound(
  claims: readonly PersistentVolumeClaim[],
  node: NodeInfo,
  informers: Informers,
): Rejection | undefined {
  for (const claim of claims) {
    const volume = informers.of(persistentVolumes).lister.get(claim.spec?.volumeName ?? "");
    if (volume === undefined) {
      const reason = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
      return { reasons: [reason], unresolvable: true };
    }
    if (node.node !== undefined && !isReachableFrom(volume, node.node)) {
      return { reasons: ["node(s) didn't match PersistentVolume's node affinity"], unresolvable: true };
    }
  }
  return undefined;
}

function checkWaiting(
  claims: readonly PersistentVolumeClaim[],
  node: NodeInfo,
  informers: Informers,
): Rejection | undefined {
  for (const claim of claims) {
    const selected = claim.metadata?.annotations?.[selectedNodeAnnotation];
    const storageClass = informers.of(storageClasses).lister.get(claim.spec?.storageClassName ?? "");
    const provisionable =
      storageClass !== undefined &&
      storageClass.provisioner !== noProvisioner &&
      (selected === undefined || selected === node.name) &&
      allowsTopology(storageClass.allowedTopologies, node);
    if (!provisionable && !hasVolume(claim, node, informers)) {
      return { reasons: ["node(s) didn't find available persistent volumes to bind"], unresolvable: true };
    }
  }
  return undefined;
}

type AllowedTopologies = readonly {
  readonly matchLabelExpressions?: readonly { key: string; values: readonly string[] }[] | undefined;
}[];

function allowsTopology(topologies: AllowedTopologies | undefined, { node }: NodeInfo): boolean {
  if (topologies === undefined || topologies.length === 0 || node === undefined) return true;
  return topologies.some(({ matchLabelExpressions = [] }) =>
    compileNodeSelectorTerm({
      matchExpressions: matchLabelExpressions.map(({ key, values }) => ({ key, operator: "In", values })),
    })(node),
  );
}

function hasVolume(claim: PersistentVolumeClaim, { node }: NodeInfo, informers: Informers): boolean {
  return informers
    .of(persistentVolumes)
    .lister.list()
    .some((volume) => couldServe(volume, claim) && (node === undefined || isReachableFrom(volume, node)));
}

/** Tells the volume controllers of the chosen node, and waits until all claims are bound. */
async function provision(pod: PodInfo, nodeName: string, signal: AbortSignal, handle: PluginHandle): Promise<void> {
  const informer = handle.informers.of(persistentVolumeClaims);
  const pending = claimNames(pod.pod).filter((name) => {
    const claim = informer.lister.get(name, pod.namespace);
    return claim === undefined || !isFullyBound(claim);
  });
  if (pending.length === 0) return;
  for (const name of pending) {
    const patch = { metadata: { annotations: { [selectedNodeAnnotation]: nodeName } } };
    await handle.client.of(persistentVolumeClaims).patch(name, patch, { type: "merge", namespace: pod.namespace });
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => {
    const done = pending.every((name) => {
      const claim = informer.lister.get(name, pod.namespace);
      return claim !== undefined && isFullyBound(claim);
    });
    if (done) resolve();
  };
  const unsubscribe = informer.subscribe({ updated: check, deleted: check });
  const ended = new AbortController();
  const timeout = handle.clock.sleep(bindTimeoutMs, AbortSignal.any([ended.signal, signal])).then(() => {
    throw new Error("binding volumes: context deadline exceeded");
  });
  try {
    check();
    await Promise.race([promise, timeout]);
  } finally {
    unsubscribe();
    ended.abort(new Error("volumes are bound"));
    await timeout.catch(() => undefined);
  }
}
