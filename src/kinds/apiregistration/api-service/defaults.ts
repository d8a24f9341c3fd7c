/** SetDefaults_ServiceReference. */
import type { APIService } from "../../generated/apiregistration-v1.ts";

export function applyApiServiceDefaults({ spec }: APIService): void {
  if (spec?.service !== undefined) spec.service.port ??= 443;
}
