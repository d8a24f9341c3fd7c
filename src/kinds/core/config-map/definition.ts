import { fromTable } from "../../from-table.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";

export const configMap = fromTable<ConfigMap>("", "v1", "ConfigMap", {
  shortNames: ["cm"],
});
