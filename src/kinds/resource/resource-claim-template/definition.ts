import { fromTable } from "../../from-table.ts";
import type { ResourceClaimTemplate } from "../../generated/resource-v1.ts";
import { resourceClaimTemplateColumns } from "./columns.ts";
import { applyResourceClaimTemplateDefaults } from "./defaults.ts";

export const resourceClaimTemplate = fromTable<ResourceClaimTemplate>(
  "resource.k8s.io",
  "v1",
  "ResourceClaimTemplate",
  {
    applyDefaults: applyResourceClaimTemplateDefaults,
    columns: resourceClaimTemplateColumns,
  },
);
