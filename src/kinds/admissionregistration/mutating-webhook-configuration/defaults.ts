/** SetDefaults_MutatingWebhook. */
import type { MutatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { applyWebhookDefaults } from "../webhook-defaults.ts";

export function applyMutatingWebhookConfigurationDefaults({ webhooks }: MutatingWebhookConfiguration): void {
  for (const webhook of webhooks ?? []) {
    applyWebhookDefaults(webhook);
    webhook.reinvocationPolicy ??= "Never";
  }
}
