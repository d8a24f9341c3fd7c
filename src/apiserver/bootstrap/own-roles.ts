/**
 * Roles beside upstream's: here all controllers share one identity, system:kube-controller-manager, which upstream
 * splits over service accounts, so it holds every controller's role. Rule syntax: rule-table.ts.
 */
import { controllerRoles } from "./controller-roles.ts";
import type { BindingEntry, RoleEntry } from "./rule-table.ts";

export const ownRoles: readonly RoleEntry[] = [
  { name: "mini:controllers", rules: [...new Set(controllerRoles.flatMap((role) => role.rules))] },
];

export const ownBindings: readonly BindingEntry[] = [
  { name: "mini:controllers", role: "mini:controllers", subjects: ["User system:kube-controller-manager"] },
];
