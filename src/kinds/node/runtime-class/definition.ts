import { fromTable } from "../../from-table.ts";
import type { RuntimeClass } from "../../generated/node-v1.ts";
import { runtimeClassColumns } from "./columns.ts";

export const runtimeClass = fromTable<RuntimeClass>("node.k8s.io", "v1", "RuntimeClass", {
  createOnUpdate: true,
  unconditionalUpdate: false,
  columns: runtimeClassColumns,
});
