import { fromTable } from "../../from-table.ts";
import type { ValidatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { validatingWebhookConfigurationColumns } from "./columns.ts";
import { applyValidatingWebhookConfigurationDefaults } from "./defaults.ts";
import { validateValidatingWebhookConfiguration } from "./validation.ts";

export const validatingWebhookConfiguration = fromTable<ValidatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingWebhookConfiguration",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyValidatingWebhookConfigurationDefaults,
    validate: validateValidatingWebhookConfiguration,
    columns: validatingWebhookConfigurationColumns,
  },
);
