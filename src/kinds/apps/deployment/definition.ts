import { fromTable } from "../../from-table.ts";
import type { Deployment } from "../../generated/apps-v1.ts";
import { applyDeploymentDefaults } from "./defaults.ts";

export const deployment = fromTable<Deployment>("apps", "v1", "Deployment", {
  shortNames: ["deploy"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyDeploymentDefaults,
});
