import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, orNone } from "../../column-parts.ts";
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";

export const flowSchemaColumns: readonly Column<FlowSchema>[] = [
  nameColumn(),
  { name: "PriorityLevel", type: "string", value: ({ spec }) => spec?.priorityLevelConfiguration?.name ?? "" },
  { name: "MatchingPrecedence", type: "string", value: ({ spec }) => spec?.matchingPrecedence ?? 0 },
  { name: "DistinguisherMethod", type: "string", value: ({ spec }) => orNone(spec?.distinguisherMethod?.type) },
  ageColumn(),
  {
    name: "MissingPL",
    type: "string",
    value: ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
  },
];
