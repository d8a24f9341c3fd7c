import { fromTable } from "../../from-table.ts";
import type { EndpointSlice } from "../../generated/discovery-v1.ts";
import { endpointSliceColumns } from "./columns.ts";
import { applyEndpointSliceDefaults } from "./defaults.ts";
import { prepareForUpdate } from "./strategy.ts";
import { validateEndpointSlice, validateEndpointSliceUpdate } from "./validation.ts";

export const endpointSlice = fromTable<EndpointSlice>("discovery.k8s.io", "v1", "EndpointSlice", {
  tracksGeneration: true,
  applyDefaults: applyEndpointSliceDefaults,
  prepareForUpdate,
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  columns: endpointSliceColumns,
});
