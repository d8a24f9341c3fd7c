import { fromTable } from "../../from-table.ts";
import type { RuntimeClass } from "../../generated/node-v1.ts";
import { runtimeClassColumns } from "./columns.ts";
import { validateRuntimeClass, validateRuntimeClassUpdate } from "./validation.ts";

export const runtimeClass = fromTable<RuntimeClass>("node.k8s.io", "v1", "RuntimeClass", {
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  columns: runtimeClassColumns,
});
