/** ValidateRuntimeClass, ValidateRuntimeClassUpdate. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { validateLabels } from "../../../machinery/validation/metadata.ts";
import { isDns1123Label } from "../../../machinery/validation/names.ts";
import { validateContainerResources } from "../../core/pod/validation/resources.ts";
import { validateTolerations } from "../../core/pod/validation/tolerations.ts";
import { checkImmutable, checkRequiredText } from "../../field-checks.ts";
import type { RuntimeClass } from "../../generated/node-v1.ts";

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  return [
    ...checkRequiredText("handler", handler, isDns1123Label),
    ...validateContainerResources(overhead && { limits: overhead.podFixed }, new Set(), "overhead"),
    ...validateLabels(scheduling?.nodeSelector, "scheduling.nodeSelector"),
    ...validateTolerations(scheduling?.tolerations, "scheduling.tolerations"),
  ];
}

export function validateRuntimeClassUpdate({ handler }: RuntimeClass, old: RuntimeClass): FieldError[] {
  return checkImmutable("handler", handler, old.handler);
}
