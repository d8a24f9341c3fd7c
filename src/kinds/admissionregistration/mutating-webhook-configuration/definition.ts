import { fromTable } from "../../from-table.ts";
import type { MutatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { mutatingWebhookConfigurationColumns } from "./columns.ts";
import { applyMutatingWebhookConfigurationDefaults } from "./defaults.ts";
import { validateMutatingWebhookConfiguration } from "./validation.ts";

export const mutatingWebhookConfiguration = fromTable<MutatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "MutatingWebhookConfiguration",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyMutatingWebhookConfigurationDefaults,
    validate: validateMutatingWebhookConfiguration,
    columns: mutatingWebhookConfigurationColumns,
  },
);
