import { fromTable } from "../../from-table.ts";
import type { Pod } from "../../generated/core-v1.ts";
import { applyPodDefaults } from "./defaults.ts";

export const pod = fromTable<Pod>("", "v1", "Pod", {
  shortNames: ["po"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyPodDefaults,
});
