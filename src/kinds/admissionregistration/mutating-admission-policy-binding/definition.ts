import { fromTable } from "../../from-table.ts";
import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { mutatingAdmissionPolicyBindingColumns } from "./columns.ts";
import { applyMutatingAdmissionPolicyBindingDefaults } from "./defaults.ts";
import { validateMutatingAdmissionPolicyBinding } from "./validation.ts";

export const mutatingAdmissionPolicyBinding = fromTable<MutatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "MutatingAdmissionPolicyBinding",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyMutatingAdmissionPolicyBindingDefaults,
    validate: validateMutatingAdmissionPolicyBinding,
    columns: mutatingAdmissionPolicyBindingColumns,
  },
);
