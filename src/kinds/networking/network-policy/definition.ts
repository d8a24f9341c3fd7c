import { fromTable } from "../../from-table.ts";
import type { NetworkPolicy } from "../../generated/networking-v1.ts";
import { networkPolicyColumns } from "./columns.ts";
import { applyNetworkPolicyDefaults } from "./defaults.ts";
import { validateNetworkPolicy } from "./validation.ts";

export const networkPolicy = fromTable<NetworkPolicy>("networking.k8s.io", "v1", "NetworkPolicy", {
  shortNames: ["netpol"],
  tracksGeneration: true,
  applyDefaults: applyNetworkPolicyDefaults,
  validate: validateNetworkPolicy,
  columns: networkPolicyColumns,
});
