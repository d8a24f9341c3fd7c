import { fromTable } from "../../from-table.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";
import { configMapColumns } from "./columns.ts";

export const configMap = fromTable<ConfigMap>("", "v1", "ConfigMap", {
  shortNames: ["cm"],
  columns: configMapColumns,
});
