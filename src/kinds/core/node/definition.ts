import { fromTable } from "../../from-table.ts";
import type { Node } from "../../generated/core-v1.ts";
import { nodeColumns } from "./columns.ts";
import { applyNodeDefaults } from "./defaults.ts";

export const node = fromTable<Node>("", "v1", "Node", {
  shortNames: ["no"],
  selectableFields: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
  applyDefaults: applyNodeDefaults,
  columns: nodeColumns,
});
