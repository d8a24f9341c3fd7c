import { fromTable } from "../../from-table.ts";
import type { CSINode } from "../../generated/storage-v1.ts";
import { csiNodeColumns } from "./columns.ts";
import { validateCsiNode, validateCsiNodeUpdate } from "./validation.ts";

export const csiNode = fromTable<CSINode>("storage.k8s.io", "v1", "CSINode", {
  unconditionalUpdate: false,
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  columns: csiNodeColumns,
});
