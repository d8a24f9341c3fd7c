import { fromTable } from "../../from-table.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";
import { configMapColumns } from "./columns.ts";
import { validateConfigMap, validateConfigMapUpdate } from "./validation.ts";

export const configMap = fromTable<ConfigMap>("", "v1", "ConfigMap", {
  shortNames: ["cm"],
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
  columns: configMapColumns,
});
