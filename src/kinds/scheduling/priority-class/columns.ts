import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { PriorityClass } from "../../generated/scheduling-v1.ts";

export const priorityClassColumns: readonly Column<PriorityClass>[] = [
  nameColumn(),
  { name: "Value", type: "integer", value: ({ value }) => value ?? 0 },
  { name: "Global-Default", type: "boolean", value: ({ globalDefault }) => globalDefault ?? false },
  ageColumn(),
  { name: "PreemptionPolicy", type: "string", value: ({ preemptionPolicy }) => preemptionPolicy ?? "" },
];
