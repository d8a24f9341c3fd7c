/** SetDefaults_EndpointPort. */
import type { EndpointSlice } from "../../generated/discovery-v1.ts";

export function applyEndpointSliceDefaults({ ports }: EndpointSlice): void {
  for (const port of ports ?? []) {
    port.name ??= "";
    port.protocol ??= "TCP";
  }
}
