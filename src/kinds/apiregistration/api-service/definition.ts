import { fromTable } from "../../from-table.ts";
import type { APIService } from "../../generated/apiregistration-v1.ts";
import { beginAvailability } from "./availability.ts";
import { apiServiceColumns } from "./columns.ts";
import { applyApiServiceDefaults } from "./defaults.ts";
import { validateApiService, validateName } from "./validation.ts";

export const apiService = fromTable<APIService>("apiregistration.k8s.io", "v1", "APIService", {
  categories: ["api-extensions"],
  unconditionalUpdate: false,
  applyDefaults: applyApiServiceDefaults,
  prepareForCreate: beginAvailability,
  validate: validateApiService,
  validateName,
  columns: apiServiceColumns,
});
