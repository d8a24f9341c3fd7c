import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { ValidatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { validatingAdmissionPolicyColumns } from "./columns.ts";
import { applyValidatingAdmissionPolicyDefaults } from "./defaults.ts";
import { validateValidatingAdmissionPolicy } from "./validation.ts";

export const validatingAdmissionPolicy = fromTable<ValidatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingAdmissionPolicy",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyValidatingAdmissionPolicyDefaults,
    prepareForCreate: clearStatus,
    validate: validateValidatingAdmissionPolicy,
    columns: validatingAdmissionPolicyColumns,
  },
);
