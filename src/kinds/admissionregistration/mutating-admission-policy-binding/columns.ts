import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { formatParameterReference } from "../policy-columns.ts";

export const mutatingAdmissionPolicyBindingColumns: readonly Column<MutatingAdmissionPolicyBinding>[] = [
  nameColumn(),
  { name: "PolicyName", type: "string", value: ({ spec }) => spec?.policyName ?? "" },
  { name: "ParamRef", type: "string", value: ({ spec }) => formatParameterReference(spec?.paramRef) },
  ageColumn(),
];
