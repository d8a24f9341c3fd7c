/**
 * Roles beside upstream's: here all controllers share one identity, system:kube-controller-manager, which upstream
 * splits over service accounts, so it holds every controller's role. Rule syntax: rule-table.ts.
 */
import { controllerRoles } from "./controller-roles.ts";
import type { BindingEntry, RoleEntry } from "./rule-table.ts";

export const ownRoles: readonly RoleEntry[] = [
  {
    name: "mini:controllers",
    rules: [
      ...new Set(controllerRoles.flatMap((role) => role.rules)),
      // The Service and the endpoints of cluster DNS, and the role label of the control plane's node.
      "create | core | services",
      "create get update | discovery.k8s.io | endpointslices",
      "patch | core | nodes",
    ],
  },
  // The proxy's identity also answers cluster DNS, which must know what namespaces there are.
  { name: "mini:cluster-dns", rules: ["get list watch | core | namespaces"] },
];

export const ownBindings: readonly BindingEntry[] = [
  { name: "mini:controllers", role: "mini:controllers", subjects: ["User system:kube-controller-manager"] },
  { name: "mini:cluster-dns", role: "mini:cluster-dns", subjects: ["User system:kube-proxy"] },
];
