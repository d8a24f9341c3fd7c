import { fromTable } from "../../from-table.ts";
import type { DaemonSet } from "../../generated/apps-v1.ts";
import { applyDaemonSetDefaults } from "./defaults.ts";

export const daemonSet = fromTable<DaemonSet>("apps", "v1", "DaemonSet", {
  shortNames: ["ds"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyDaemonSetDefaults,
});
