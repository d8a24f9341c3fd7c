import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { PodDisruptionBudget } from "../../generated/policy-v1.ts";

export const podDisruptionBudgetColumns: readonly Column<PodDisruptionBudget>[] = [
  nameColumn(),
  { name: "Min Available", type: "string", value: ({ spec }) => String(spec?.minAvailable ?? "N/A") },
  { name: "Max Unavailable", type: "string", value: ({ spec }) => String(spec?.maxUnavailable ?? "N/A") },
  { name: "Allowed Disruptions", type: "integer", value: ({ status }) => status?.disruptionsAllowed ?? 0 },
  ageColumn(),
];
