/** SetDefaults_ValidatingWebhook. */
import type { ValidatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { applyWebhookDefaults } from "../webhook-defaults.ts";

export function applyValidatingWebhookConfigurationDefaults({ webhooks }: ValidatingWebhookConfiguration): void {
  webhooks?.forEach(applyWebhookDefaults);
}
