import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
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
const parsed = new Map<string, { units: number; milli: number }>();
const maximumParsed = 4096;

function amounts(text: string | number): { units: number; milli: number } {
  const key = String(text);
  let known = parsed.get(key);
  if (known === undefined) {
    const quantity = parseQuantity(key);
    known = { units: quantity.value(), milli: quantity.milliValue() };
    if (parsed.size >= maximumParsed) parsed.clear();
    parsed.set(key, known);
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

/** Adds `other` to `target` in place, `sign` times. */
export function addResources(target: Resources, other: Resources, sign: 1 | -1 = 1): void {
  target.milliCpu += sign * other.milliCpu;
  target.memory += sign * other.memory;
  target.ephemeralStorage += sign * other.ephemeralStorage;
  if (other.scalars === undefined) return;
  target.scalars ??= new Map();
  for (const [name, amount] of other.scalars) {
    target.scalars.set(name, (target.scalars.get(name) ?? 0) + sign * amount);
  }
}

function raiseTo(target: Resources, other: Resources): void {
  target.milliCpu = Math.max(target.milliCpu, other.milliCpu);
  target.memory = Math.max(target.memory, other.memory);
  target.ephemeralStorage = Math.max(target.ephemeralStorage, other.ephemeralStorage);
  for (const [name, amount] of other.scalars ?? []) {
    target.scalars ??= new Map();
    target.scalars.set(name, Math.max(target.scalars.get(name) ?? 0, amount));
  }
}

/** Upstream's DefaultMilliCPURequest and DefaultMemoryRequest: what scoring assumes of containers that ask for nothing. */
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

/**
 * What a pod asks of its node (component-helpers' PodRequests): the greater of its containers with sidecars together
 * and each init container with the sidecars started before it; pod-level requests instead where they are set; overhead
 * on top. With `assumed`, containers without requests for CPU or memory count with the defaults for scoring.
 */
export function podRequests(pod: Pod, assumed = false): Resources {
  const { containers = [], initContainers = [], overhead, resources } = pod.spec ?? { containers: [] };
  const of = (container: Container): Resources => {
    const requests = parseResources(container.resources?.requests);
    if (assumed && container.resources?.requests?.["cpu"] === undefined) requests.milliCpu = assumedMilliCpu;
    if (assumed && container.resources?.requests?.["memory"] === undefined) requests.memory = assumedMemory;
    return requests;
  };
  const total = noResources();
  for (const container of containers) addResources(total, of(container));
  const sidecars = noResources();
  const initPeak = noResources();
  for (const container of initContainers) {
    const needed = of(container);
    if (container.restartPolicy === "Always") {
      addResources(total, needed);
      addResources(sidecars, needed);
      raiseTo(initPeak, sidecars);
    } else {
      addResources(needed, sidecars);
      raiseTo(initPeak, needed);
    }
  }
  raiseTo(total, initPeak);
  if (resources?.requests !== undefined) {
    const podLevel = parseResources(resources.requests);
    if (resources.requests["cpu"] !== undefined) total.milliCpu = podLevel.milliCpu;
    if (resources.requests["memory"] !== undefined) total.memory = podLevel.memory;
  }
  if (overhead !== undefined) addResources(total, parseResources(overhead));
  return total;
}
