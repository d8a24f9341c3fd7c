import { fromTable } from "../../from-table.ts";
import type { Node } from "../../generated/core-v1.ts";
import { nodeColumns } from "./columns.ts";
import { applyNodeDefaults } from "./defaults.ts";
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from "./validation.ts";

export const node = fromTable<Node>("", "v1", "Node", {
  shortNames: ["no"],
  selectableFields: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
  applyDefaults: applyNodeDefaults,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatusUpdate,
  columns: nodeColumns,
});
