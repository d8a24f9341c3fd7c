import { type AmountArithmetic, aggregateContainers } from "../../kinds/core/pod/container-aggregation.ts";
import { isPodLevelResource } from "../../kinds/core/pod/pod-level-resources.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import { parseQuantity } from "../../machinery/quantity.ts";

/** Amounts of compute resources: CPU in millicores, the rest in bytes or units. */
export interface Resources {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages; absent where there are none. */
  scalars?: Map<string, number> | undefined;
}

type Quantities = Readonly<Record<string, string>> | undefined;

/** Clusters use few different quantities, many times over. */
const parsed = new BoundedCache<{ units: number; milli: number }>(512 * 1024);
const amountsBytes = 32;

function amounts(text: string | number): { units: number; milli: number } {
  const key = String(text);
  let known = parsed.get(key);
  if (known === undefined) {
    const quantity = parseQuantity(key);
    known = { units: quantity.value(), milli: quantity.milliValue() };
    parsed.set(key, known, amountsBytes);
  }
  return known;
}

export const noResources = (): Resources => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0 });

export function parseResources(quantities: Quantities): Resources {
  const resources = noResources();
  for (const [name, text] of Object.entries(quantities ?? {})) {
    if (name === "cpu") resources.milliCpu = amounts(text).milli;
    else if (name === "memory") resources.memory = amounts(text).units;
    else if (name === "ephemeral-storage") resources.ephemeralStorage = amounts(text).units;
    else if (name !== "pods") {
      resources.scalars ??= new Map();
      resources.scalars.set(name, amounts(text).units);
    }
  }
  return resources;
}

export const podLimit = (allocatable: Quantities): number => amounts(allocatable?.["pods"] ?? "0").units;

/** Adds `other` to `target` in place, `sign` times; answers `target`. */
export function addResources(target: Resources, other: Resources, sign: 1 | -1 = 1): Resources {
  target.milliCpu += sign * other.milliCpu;
  target.memory += sign * other.memory;
  target.ephemeralStorage += sign * other.ephemeralStorage;
  if (other.scalars === undefined) return target;
  target.scalars ??= new Map();
  for (const [name, amount] of other.scalars) {
    target.scalars.set(name, (target.scalars.get(name) ?? 0) + sign * amount);
  }
  return target;
}

function raiseTo(target: Resources, other: Resources): Resources {
  target.milliCpu = Math.max(target.milliCpu, other.milliCpu);
  target.memory = Math.max(target.memory, other.memory);
  target.ephemeralStorage = Math.max(target.ephemeralStorage, other.ephemeralStorage);
  for (const [name, amount] of other.scalars ?? []) {
    target.scalars ??= new Map();
    target.scalars.set(name, Math.max(target.scalars.get(name) ?? 0, amount));
  }
  return target;
}

const arithmetic: AmountArithmetic<Resources> = { zero: noResources, add: addResources, maximum: raiseTo };

/** Upstream's DefaultMilliCPURequest and DefaultMemoryRequest: what scoring assumes of containers that ask for nothing. */
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

/**
 * What a pod asks of its node (component-helpers' PodRequests): its containers together, figures of the pod as a whole
 * instead where they are set, overhead on top. With `assumed`, containers without requests for CPU or memory count with
 * the defaults for scoring.
 */
export function podRequests(pod: Pod, assumed = false): Resources {
  const { overhead, resources } = pod.spec ?? {};
  const requestsOf = (container: Container): Resources => {
    const requests = parseResources(container.resources?.requests);
    if (assumed && container.resources?.requests?.["cpu"] === undefined) requests.milliCpu = assumedMilliCpu;
    if (assumed && container.resources?.requests?.["memory"] === undefined) requests.memory = assumedMemory;
    return requests;
  };
  const total = aggregateContainers(pod.spec ?? {}, requestsOf, arithmetic);
  if (resources?.requests !== undefined) replaceByPodLevel(total, resources.requests);
  if (overhead !== undefined) addResources(total, parseResources(overhead));
  return total;
}

function replaceByPodLevel(total: Resources, requests: NonNullable<Quantities>): void {
  const podLevel = parseResources(requests);
  if (requests["cpu"] !== undefined) total.milliCpu = podLevel.milliCpu;
  if (requests["memory"] !== undefined) total.memory = podLevel.memory;
  for (const [name, amount] of podLevel.scalars ?? []) {
    if (!isPodLevelResource(name)) continue;
    total.scalars ??= new Map();
    total.scalars.set(name, amount);
  }
}
