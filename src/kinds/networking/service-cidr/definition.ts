import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { ServiceCIDR } from "../../generated/networking-v1.ts";
import { serviceCIDRColumns } from "./columns.ts";
import { validateServiceCIDR, validateServiceCIDRUpdate } from "./validation.ts";

export const serviceCIDR = fromTable<ServiceCIDR>("networking.k8s.io", "v1", "ServiceCIDR", {
  prepareForCreate: clearStatus,
  validateCreate: validateServiceCIDR,
  validateUpdate: validateServiceCIDRUpdate,
  columns: serviceCIDRColumns,
});
