import { fromTable } from "../../from-table.ts";
import type { Namespace } from "../../generated/core-v1.ts";

export const namespace = fromTable<Namespace>("", "v1", "Namespace", {
  shortNames: ["ns"],
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
});
