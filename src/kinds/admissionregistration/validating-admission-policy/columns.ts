import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ValidatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { formatParameterKind } from "../policy-columns.ts";

export const validatingAdmissionPolicyColumns: readonly Column<ValidatingAdmissionPolicy>[] = [
  nameColumn(),
  { name: "Validations", type: "integer", value: ({ spec }) => (spec?.validations ?? []).length },
  { name: "ParamKind", type: "string", value: ({ spec }) => formatParameterKind(spec?.paramKind) },
  ageColumn(),
];
