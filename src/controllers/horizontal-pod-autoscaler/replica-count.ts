/** How many replicas measured values call for, as upstream's replica calculator. Values are thousandths. */

import { isPodReady, podCondition } from "../../kinds/core/pod/pod-state.ts";
import type { HorizontalPodAutoscaler } from "../../kinds/generated/autoscaling-v2.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { PodMetrics } from "./metrics-client.ts";

/** Upstream's horizontal-pod-autoscaler-tolerance: smaller deviations change nothing. */
const defaultTolerance = 0.1;
/** Upstream's horizontal-pod-autoscaler-cpu-initialization-period and -initial-readiness-delay. */
const cpuInitializationMs = 300_000;
const initialReadinessMs = 30_000;

export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

export function tolerancesOf({ spec }: HorizontalPodAutoscaler): Tolerances {
  const of = (text: string | undefined): number =>
    text === undefined ? defaultTolerance : parseQuantity(text).toNumber();
  return { up: of(spec?.behavior?.scaleUp?.tolerance), down: of(spec?.behavior?.scaleDown?.tolerance) };
}

const isWithin = ({ up, down }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

export interface Measured {
  /** All that the target's selector finds. */
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  readonly now: number;
}

/** Ratio of use to target, and what the status tells of it. */
interface Comparison {
  readonly ratio: number;
  /** Average of a pod. */
  readonly average: number;
  /** Percentage of the request. */
  readonly utilization?: number;
}

export interface ReplicaCount extends Omit<Comparison, "ratio"> {
  readonly replicas: number;
}

/** For a target in percent of what pods request. Throws an Error with upstream's message. */
export function countByUtilization(
  measured: Measured,
  { target, resource, container }: { target: number; resource: string; container?: string | undefined },
): ReplicaCount {
  const requests = new Map<string, number>();
  return count(measured, resource, {
    // Only known once it is clear that there is something to compare.
    prepare: () => {
      for (const pod of measured.pods) requests.set(metaOf(pod).name, requestOf(pod, resource, container));
    },
    compare: (metrics) => compareUtilization(metrics, requests, target),
    missingWhenShrinking: (name) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target)) / 100),
  });
}

/** For a target in units of the metric itself; `resource` only where the metric is one. */
export function countByValue(measured: Measured, target: number, resource = ""): ReplicaCount {
  return count(measured, resource, {
    prepare: () => undefined,
    compare: (metrics) => {
      const total = [...metrics.values()].reduce((sum, { value }) => sum + value, 0);
      const average = Math.trunc(total / metrics.size);
      return { ratio: average / target, average };
    },
    missingWhenShrinking: () => target,
  });
}

interface Method {
  prepare(): void;
  compare(metrics: PodMetrics): Comparison;
  /** What is assumed of a pod without figures when the rest asks for fewer. */
  missingWhenShrinking(name: string): number;
}

function count(measured: Measured, resource: string, { prepare, compare, missingWhenShrinking }: Method): ReplicaCount {
  const { pods, metrics, currentReplicas, tolerances } = measured;
  if (pods.length === 0) throw new Error("no pods returned by selector while calculating replica count");
  const { ready, unready, missing, ignored } = groupPods(measured, resource);
  for (const name of [...ignored, ...unready]) metrics.delete(name);
  if (metrics.size === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");
  prepare();
  const { ratio, ...told } = compare(metrics);
  const unchanged = { ...told, replicas: currentReplicas };
  const growsWithUnready = unready.length > 0 && ratio > 1;
  if (!growsWithUnready && missing.length === 0) {
    return isWithin(tolerances, ratio) ? unchanged : { ...told, replicas: Math.ceil(ratio * ready) };
  }
  // What is not measured counts against moving: as idle when growing, as loaded when shrinking.
  const assume = (name: string, value: number) => metrics.set(name, { value, at: 0, windowMs: 0 });
  if (ratio < 1) for (const name of missing) assume(name, missingWhenShrinking(name));
  if (ratio > 1) for (const name of missing) assume(name, 0);
  if (growsWithUnready) for (const name of unready) assume(name, 0);
  const { ratio: cautious } = compare(metrics);
  const turns = (ratio < 1 && cautious > 1) || (ratio > 1 && cautious < 1);
  if (isWithin(tolerances, cautious) || turns) return unchanged;
  const replicas = Math.ceil(cautious * metrics.size);
  const turnsBack = (cautious < 1 && replicas > currentReplicas) || (cautious > 1 && replicas < currentReplicas);
  return turnsBack ? unchanged : { ...told, replicas };
}

function compareUtilization(metrics: PodMetrics, requests: ReadonlyMap<string, number>, target: number): Comparison {
  let [used, requested, pods] = [0, 0, 0];
  for (const [name, { value }] of metrics) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    requested += request;
    pods++;
  }
  if (requested === 0) throw new Error("no metrics returned matched known pods");
  const utilization = Math.trunc((used * 100) / requested);
  return { ratio: utilization / target, utilization, average: Math.trunc(used / pods) };
}

interface Groups {
  /** How many are measured and count. */
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  readonly ignored: readonly string[];
}

function groupPods({ pods, metrics, now }: Measured, resource: string): Groups {
  const groups = { unready: [] as string[], missing: [] as string[], ignored: [] as string[] };
  let ready = 0;
  for (const pod of pods) {
    const { name } = metaOf(pod);
    if (pod.metadata?.deletionTimestamp !== undefined || pod.status?.phase === "Failed") groups.ignored.push(name);
    else if (pod.status?.phase === "Pending") groups.unready.push(name);
    else if (!metrics.has(name)) groups.missing.push(name);
    else if (resource === "cpu" && isStarting(pod, metrics, now)) groups.unready.push(name);
    else ready++;
  }
  return { ready, ...groups };
}

/** Whether the CPU that a pod uses is still that of its start. */
function isStarting(pod: Pod, metrics: PodMetrics, now: number): boolean {
  const condition = podCondition(pod, "Ready");
  const metric = metrics.get(metaOf(pod).name);
  if (condition === undefined || pod.status?.startTime === undefined || metric === undefined) return true;
  const started = Date.parse(pod.status.startTime);
  const changed = Date.parse(condition.lastTransitionTime ?? "") || 0;
  if (started + cpuInitializationMs > now) return condition.status === "False" || metric.at < changed + metric.windowMs;
  return condition.status === "False" && started + initialReadinessMs > changed;
}

/** What a pod requests of the resource, or one of its containers. */
function requestOf({ metadata, spec }: Pod, resource: string, container: string | undefined): number {
  const name = metadata?.name;
  const ofPod = spec?.resources?.requests;
  if (ofPod !== undefined && Object.keys(ofPod).length > 0 && container === undefined) {
    const request = valueAt(ofPod, resource);
    if (request === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return parseQuantity(request).milliValue();
  }
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const containers: Container[] = [...(spec?.containers ?? []), ...sidecars];
  const counted = containers.filter((one) => container === undefined || one.name === container);
  if (container !== undefined && counted.length === 0) {
    throw new Error(`container ${container} not found in Pod ${name}`);
  }
  return counted.reduce((sum, one) => {
    const request = valueAt(one.resources?.requests, resource);
    if (request === undefined) {
      throw new Error(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
    }
    return sum + parseQuantity(request).milliValue();
  }, 0);
}

/** For a value that is not of pods, and a target for all of them. */
export function countByTotal(value: number, target: number, { pods, currentReplicas, tolerances }: Measured): number {
  const ratio = value / target;
  if (currentReplicas === 0) return Math.ceil(ratio);
  if (isWithin(tolerances, ratio)) return currentReplicas;
  if (pods.length === 0) {
    throw new Error("unable to calculate ready pods: no pods returned by selector while calculating replica count");
  }
  return Math.ceil(ratio * pods.filter((pod) => pod.status?.phase === "Running" && isPodReady(pod)).length);
}

/** For a value that is not of pods, and a target for each of them. */
export function countByShare(
  value: number,
  target: number,
  { statusReplicas, tolerances }: { readonly statusReplicas: number; readonly tolerances: Tolerances },
): { readonly replicas: number; readonly average: number } {
  const ratio = value / (target * statusReplicas);
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : Math.ceil(value / target);
  return { replicas, average: Math.ceil(value / Math.max(1, statusReplicas)) };
}
