import { fromTable } from "../../from-table.ts";
import type { Namespace } from "../../generated/core-v1.ts";
import { applyNamespaceDefaults } from "./defaults.ts";

export const namespace = fromTable<Namespace>("", "v1", "Namespace", {
  shortNames: ["ns"],
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
  applyDefaults: applyNamespaceDefaults,
});
