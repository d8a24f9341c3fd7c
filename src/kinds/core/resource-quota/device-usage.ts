/** What a ResourceClaim uses of quotas for devices (upstream's claim evaluator). */
import { Quantity } from "../../../machinery/quantity.ts";
import type { DeviceRequest, ExactDeviceRequest, ResourceClaim } from "../../generated/resource-v1.ts";
import type { ResourceList } from "../resource-list.ts";

export const devicesSuffix = ".deviceclass.resource.k8s.io/devices";
/** Before the name of a class: its devices as pods ask for them without a claim. */
const implicitPrefix = "requests.deviceclass.resource.kubernetes.io/";
/** As many devices as one claim can get. */
const maximumDevices = 32;

/** The extended resource by which pods ask for devices of a class, if it has one. */
export type ExtendedResourceOf = (deviceClass: string) => string | undefined;

/** Devices by class, and by the extended resources that stand for the class: at worst, where the claim leaves a choice. */
export function deviceUsage({ spec }: ResourceClaim, extendedResourceOf: ExtendedResourceOf): ResourceList {
  const counts = new Map<string, number>();
  for (const request of spec?.devices?.requests ?? []) {
    for (const [name, count] of requestedDevices(request)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const usage: ResourceList = {};
  for (const [name, count] of counts) {
    const quantity = Quantity.of(count).toString();
    usage[`${name}${devicesSuffix}`] = quantity;
    if (count === 0) continue;
    usage[`${implicitPrefix}${name}`] = quantity;
    const extended = extendedResourceOf(name);
    if (extended) usage[`requests.${extended}`] = quantity;
  }
  return usage;
}

/** Class to number. Of alternatives, each class counts with the largest. */
function requestedDevices({ exactly, firstAvailable = [] }: DeviceRequest): Map<string, number> {
  const counts = new Map<string, number>();
  if (firstAvailable.length === 0) {
    if (exactly !== undefined) counts.set(exactly.deviceClassName, deviceCount(exactly));
    return counts;
  }
  for (const alternative of firstAvailable) {
    const count = Math.max(counts.get(alternative.deviceClassName) ?? 0, deviceCount(alternative));
    if (count > 0) counts.set(alternative.deviceClassName, count);
  }
  return counts;
}

function deviceCount({ allocationMode, count }: Pick<ExactDeviceRequest, "allocationMode" | "count">): number {
  if (allocationMode === "All") return maximumDevices;
  return allocationMode === "ExactCount" ? Number(count ?? 0) : 0;
}
