import { fromTable } from "../../from-table.ts";
import type { APIService } from "../../generated/apiregistration-v1.ts";
import { applyApiServiceDefaults } from "./defaults.ts";

export const apiService = fromTable<APIService>("apiregistration.k8s.io", "v1", "APIService", {
  categories: ["api-extensions"],
  unconditionalUpdate: false,
  applyDefaults: applyApiServiceDefaults,
});
