import { fromTable } from "../../from-table.ts";
import type { ValidatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { validatingAdmissionPolicyBindingColumns } from "./columns.ts";
import { applyValidatingAdmissionPolicyBindingDefaults } from "./defaults.ts";
import { validateValidatingAdmissionPolicyBinding } from "./validation.ts";

export const validatingAdmissionPolicyBinding = fromTable<ValidatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingAdmissionPolicyBinding",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyValidatingAdmissionPolicyBindingDefaults,
    validate: validateValidatingAdmissionPolicyBinding,
    columns: validatingAdmissionPolicyBindingColumns,
  },
);
