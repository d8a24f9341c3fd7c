/** ValidateMutatingWebhookConfiguration. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { checkEach, checkOptionalOneOf } from "../../field-checks.ts";
import type { MutatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { validateWebhooks } from "../webhook-validation.ts";

export function validateMutatingWebhookConfiguration({ webhooks }: MutatingWebhookConfiguration): FieldError[] {
  return [
    ...validateWebhooks(webhooks),
    ...checkEach(webhooks, "webhooks", ({ reinvocationPolicy }, path) =>
      checkOptionalOneOf(`${path}.reinvocationPolicy`, reinvocationPolicy, ["IfNeeded", "Never"]),
    ),
  ];
}
