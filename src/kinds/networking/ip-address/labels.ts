import { isIPv6 } from "node:net";
import type { IPAddress } from "../../generated/networking-v1.ts";

const managedByLabel = "ipaddress.kubernetes.io/managed-by";
const allocator = "ipallocator.k8s.io";

/** What the allocator of service addresses labels the IPAddress of `address` with. */
export function allocatorLabels(address: string): Record<string, string> {
  return {
    "ipaddress.kubernetes.io/ip-family": isIPv6(address) ? "IPv6" : "IPv4",
    [managedByLabel]: allocator,
  };
}

export function isManagedByAllocator({ metadata }: IPAddress): boolean {
  return metadata?.labels?.[managedByLabel] === allocator;
}
