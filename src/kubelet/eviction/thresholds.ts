/** How little may be left of what pods share on a node: upstream's signals, their defaults and the kubelet's flag. */
import { parseQuantity, Quantity, type QuantityFormat } from "../../machinery/quantity.ts";

export type PressureCondition = "MemoryPressure" | "DiskPressure" | "PIDPressure";
/** As events and messages name what is short. */
export type StarvedResource = "memory" | "ephemeral-storage" | "inodes" | "pids";

/** In the order in which they are dealt with. */
const signals = {
  "memory.available": { condition: "MemoryPressure", resource: "memory" },
  "nodefs.available": { condition: "DiskPressure", resource: "ephemeral-storage" },
  "nodefs.inodesFree": { condition: "DiskPressure", resource: "inodes" },
  "imagefs.available": { condition: "DiskPressure", resource: "ephemeral-storage" },
  "imagefs.inodesFree": { condition: "DiskPressure", resource: "inodes" },
  "pid.available": { condition: "PIDPressure", resource: "pids" },
} as const satisfies Record<string, { condition: PressureCondition; resource: StarvedResource }>;

export type Signal = keyof typeof signals;

/** `share`: of the capacity, from 0 to 1. */
export type Threshold = { readonly signal: Signal } & ({ readonly share: number } | { readonly quantity: Quantity });

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

const memoryThreshold = "memory.available<100Mi";
const diskThresholds = "nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%";

/** `diskIsShared`: others fill the node's disk as well, so that ending pods would help nobody. */
export function defaultThresholds(diskIsShared: boolean): Threshold[] {
  return parseThresholds(diskIsShared ? memoryThreshold : `${memoryThreshold},${diskThresholds}`);
}

/** The flag `eviction-hard`: `memory.available<100Mi,nodefs.available<10%`. Throws an Error that names what is wrong. */
export function parseThresholds(text: string): Threshold[] {
  return text
    .split(",")
    .filter((statement) => statement !== "")
    .flatMap((statement) => {
      const [signal = "", value = ""] = statement.split("<");
      if (!isSignal(signal)) throw new Error(`eviction-hard: unsupported eviction signal ${signal}`);
      return parseThreshold(signal, value);
    });
}

function parseThreshold(signal: Signal, value: string): Threshold[] {
  if (!value.endsWith("%")) {
    const quantity = parseQuantity(value);
    if (quantity.sign > 0) return [{ signal, quantity }];
    throw new Error(`eviction-hard: eviction threshold ${signal} must be positive: ${value}`);
  }
  const share = Number(value.slice(0, -1)) / 100;
  if (!(share >= 0 && share <= 1)) {
    throw new Error(`eviction-hard: eviction percentage threshold ${signal} must be from 0% to 100%: ${value}`);
  }
  // Upstream takes either end to mean that the signal does not matter.
  return share === 0 || share === 1 ? [] : [{ signal, share }];
}

const isSignal = (text: string): text is Signal => Object.hasOwn(signals, text);

/** Those of the thresholds that have less left than they ask for, memory first; what is not observed is not met. */
export function metThresholds(thresholds: readonly Threshold[], observations: Observations): Threshold[] {
  const order = Object.keys(signals);
  return thresholds
    .filter((threshold) => {
      const observed = observations.get(threshold.signal);
      if (observed === undefined) return false;
      return thresholdQuantity(threshold, observed.capacity).compare(Quantity.of(observed.available)) > 0;
    })
    .sort((a, b) => order.indexOf(a.signal) - order.indexOf(b.signal));
}

export function thresholdQuantity(threshold: Threshold, capacity: number): Quantity {
  if ("quantity" in threshold) return threshold.quantity;
  return Quantity.of(Math.trunc(capacity * threshold.share), "BinarySI");
}

export const conditionOf = ({ signal }: Threshold): PressureCondition => signals[signal].condition;

export const resourceOf = ({ signal }: Threshold): StarvedResource => signals[signal].resource;

export function formatOf(resource: StarvedResource): QuantityFormat {
  return resource === "memory" || resource === "ephemeral-storage" ? "BinarySI" : "DecimalSI";
}

/** What is kept back of that much memory or disk, so that pods that keep to their requests are not evicted. */
export function reservation(thresholds: readonly Threshold[], signal: Signal, capacity: number): number {
  const threshold = thresholds.find((one) => one.signal === signal);
  return threshold === undefined ? 0 : thresholdQuantity(threshold, capacity).value();
}
