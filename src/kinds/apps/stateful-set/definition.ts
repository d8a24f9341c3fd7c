import { fromTable } from "../../from-table.ts";
import type { StatefulSet } from "../../generated/apps-v1.ts";
import { applyStatefulSetDefaults } from "./defaults.ts";

export const statefulSet = fromTable<StatefulSet>("apps", "v1", "StatefulSet", {
  shortNames: ["sts"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyStatefulSetDefaults,
});
