import { fromTable } from "../../from-table.ts";
import type { EndpointSlice } from "../../generated/discovery-v1.ts";
import { applyEndpointSliceDefaults } from "./defaults.ts";

export const endpointSlice = fromTable<EndpointSlice>("discovery.k8s.io", "v1", "EndpointSlice", {
  tracksGeneration: true,
  applyDefaults: applyEndpointSliceDefaults,
});
