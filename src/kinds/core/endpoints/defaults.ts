/** SetDefaults_Endpoints. */
import type { Endpoints } from "../../generated/core-v1.ts";

export function applyEndpointsDefaults({ subsets }: Endpoints): void {
  for (const subset of subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= "TCP";
}
