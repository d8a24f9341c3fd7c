import { fromTable } from "../../from-table.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";
import { applyResourceClaimDefaults } from "./defaults.ts";

export const resourceClaim = fromTable<ResourceClaim>("resource.k8s.io", "v1", "ResourceClaim", {
  applyDefaults: applyResourceClaimDefaults,
});
