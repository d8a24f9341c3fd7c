import { fromTable } from "../../from-table.ts";
import type { PodDisruptionBudget } from "../../generated/policy-v1.ts";
import { podDisruptionBudgetColumns } from "./columns.ts";
import { prepareForCreate } from "./strategy.ts";
import { validatePodDisruptionBudget, validatePodDisruptionBudgetStatusUpdate } from "./validation.ts";

export const podDisruptionBudget = fromTable<PodDisruptionBudget>("policy", "v1", "PodDisruptionBudget", {
  shortNames: ["pdb"],
  unconditionalUpdate: false,
  tracksGeneration: true,
  prepareForCreate,
  validate: validatePodDisruptionBudget,
  validateStatusUpdate: validatePodDisruptionBudgetStatusUpdate,
  columns: podDisruptionBudgetColumns,
});
