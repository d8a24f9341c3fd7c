import { fromTable } from "../../from-table.ts";
import type { PodTemplate } from "../../generated/core-v1.ts";
import { podTemplateColumns } from "./columns.ts";
import { applyPodTemplateDefaults } from "./defaults.ts";
import { validatePodTemplate } from "./validation.ts";

export const podTemplate = fromTable<PodTemplate>("", "v1", "PodTemplate", {
  tracksGeneration: true,
  applyDefaults: applyPodTemplateDefaults,
  validate: validatePodTemplate,
  columns: podTemplateColumns,
});
