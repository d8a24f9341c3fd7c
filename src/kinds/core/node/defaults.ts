/** SetDefaults_NodeStatus, and the deprecated spec.podCIDR beside spec.podCIDRs. */
import type { Node } from "../../generated/core-v1.ts";
import { roundUpQuantities } from "../resource-list.ts";

export function applyNodeDefaults(node: Node): void {
  node.spec ??= {};
  const spec = node.spec;
  if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
  node.status ??= {};
  const status = node.status;
  roundUpQuantities(status.capacity);
  if (status.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  roundUpQuantities(status.allocatable);
}
