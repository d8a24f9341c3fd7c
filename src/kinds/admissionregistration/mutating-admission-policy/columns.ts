import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { MutatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { formatParameterKind } from "../policy-columns.ts";

export const mutatingAdmissionPolicyColumns: readonly Column<MutatingAdmissionPolicy>[] = [
  nameColumn(),
  { name: "Mutations", type: "integer", value: ({ spec }) => (spec?.mutations ?? []).length },
  { name: "ParamKind", type: "string", value: ({ spec }) => formatParameterKind(spec?.paramKind) },
  ageColumn(),
];
