import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";
import { resourceClaimColumns } from "./columns.ts";
import { applyResourceClaimDefaults } from "./defaults.ts";

export const resourceClaim = fromTable<ResourceClaim>("resource.k8s.io", "v1", "ResourceClaim", {
  applyDefaults: applyResourceClaimDefaults,
  prepareForCreate: clearStatus,
  columns: resourceClaimColumns,
});
