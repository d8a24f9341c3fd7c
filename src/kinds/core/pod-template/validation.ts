/** The template that a PodTemplate object holds is checked as any other. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import type { PodTemplate } from "../../generated/core-v1.ts";
import { validatePodTemplate as validateTemplate } from "../pod/validation/pod-spec.ts";

export function validatePodTemplate({ template }: PodTemplate): FieldError[] {
  return validateTemplate(template ?? {}, "template");
}
