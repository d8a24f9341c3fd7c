import { fromTable } from "../../from-table.ts";
import type { MutatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { mutatingAdmissionPolicyColumns } from "./columns.ts";
import { applyMutatingAdmissionPolicyDefaults } from "./defaults.ts";
import { validateMutatingAdmissionPolicy } from "./validation.ts";

export const mutatingAdmissionPolicy = fromTable<MutatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "MutatingAdmissionPolicy",
  {
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyMutatingAdmissionPolicyDefaults,
    validate: validateMutatingAdmissionPolicy,
    columns: mutatingAdmissionPolicyColumns,
  },
);
