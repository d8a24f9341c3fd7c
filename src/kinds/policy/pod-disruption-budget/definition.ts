import { fromTable } from "../../from-table.ts";
import type { PodDisruptionBudget } from "../../generated/policy-v1.ts";

export const podDisruptionBudget = fromTable<PodDisruptionBudget>("policy", "v1", "PodDisruptionBudget", {
  shortNames: ["pdb"],
  unconditionalUpdate: false,
  tracksGeneration: true,
});
