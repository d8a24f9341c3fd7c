import { fromTable } from "../../from-table.ts";
import type { Endpoints } from "../../generated/core-v1.ts";
import { endpointsColumns } from "./columns.ts";
import { applyEndpointsDefaults } from "./defaults.ts";
import { validateEndpoints } from "./validation.ts";

export const endpoints = fromTable<Endpoints>("", "v1", "Endpoints", {
  shortNames: ["ep"],
  createOnUpdate: true,
  applyDefaults: applyEndpointsDefaults,
  validate: validateEndpoints,
  columns: endpointsColumns,
});
