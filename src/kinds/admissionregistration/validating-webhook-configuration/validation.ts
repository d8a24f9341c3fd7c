/** ValidateValidatingWebhookConfiguration. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import type { ValidatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { validateWebhooks } from "../webhook-validation.ts";

export function validateValidatingWebhookConfiguration({ webhooks }: ValidatingWebhookConfiguration): FieldError[] {
  return validateWebhooks(webhooks);
}
