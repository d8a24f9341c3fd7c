/** SetDefaults_NodeStatus, and the deprecated spec.podCIDR beside spec.podCIDRs. */
import type { Node } from "../../generated/core-v1.ts";
import { roundUpQuantities } from "../resource-list.ts";

export function applyNodeDefaults(node: Node): void {
  node.spec ??= {};
  const spec = node.spec;
  // Upstream's conversion, which keeps only the list: where the two differ, the older field counts.
  if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
  node.status ??= {};
  const status = node.status;
  roundUpQuantities(status.capacity);
  if (status.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  roundUpQuantities(status.allocatable);
}
