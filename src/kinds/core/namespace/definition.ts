import { fromTable } from "../../from-table.ts";
import type { Namespace } from "../../generated/core-v1.ts";
import { namespaceColumns } from "./columns.ts";
import { applyNamespaceDefaults } from "./defaults.ts";
import { markDeleted, mayRemove, prepareForCreate, prepareForUpdate } from "./strategy.ts";
import { validateName, validateNamespace, validateNamespaceStatusUpdate } from "./validation.ts";

export const namespace = fromTable<Namespace>("", "v1", "Namespace", {
  shortNames: ["ns"],
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
  applyDefaults: applyNamespaceDefaults,
  prepareForCreate,
  prepareForUpdate,
  mayRemove,
  markDeleted,
  validate: validateNamespace,
  validateStatusUpdate: validateNamespaceStatusUpdate,
  validateName,
  columns: namespaceColumns,
});
