import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { ResourceQuota } from "../../generated/core-v1.ts";
import { resourceQuotaColumns } from "./columns.ts";
import { applyResourceQuotaDefaults } from "./defaults.ts";
import { validateResourceQuota, validateResourceQuotaUpdate } from "./validation.ts";

export const resourceQuota = fromTable<ResourceQuota>("", "v1", "ResourceQuota", {
  shortNames: ["quota"],
  applyDefaults: applyResourceQuotaDefaults,
  prepareForCreate: clearStatus,
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  columns: resourceQuotaColumns,
});
