/** Defaults of the template that a PodTemplate object holds. */
import type { PodTemplate } from "../../generated/core-v1.ts";
import { applyPodTemplateDefaults as applyTemplateDefaults } from "../pod/template-defaults.ts";

export function applyPodTemplateDefaults(object: PodTemplate): void {
  object.template ??= {};
  applyTemplateDefaults(object.template);
}
