/** Defaults of the claim that a ResourceClaimTemplate holds. */
import type { ResourceClaimTemplate } from "../../generated/resource-v1.ts";
import { applyClaimSpecDefaults } from "../resource-claim/defaults.ts";

export function applyResourceClaimTemplateDefaults({ spec }: ResourceClaimTemplate): void {
  if (spec?.spec !== undefined) applyClaimSpecDefaults(spec.spec);
}
