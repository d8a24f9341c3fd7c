import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, containerColumns, nameColumn } from "../../column-parts.ts";
import type { StatefulSet } from "../../generated/apps-v1.ts";

export const statefulSetColumns: readonly Column<StatefulSet>[] = [
  nameColumn(),
  {
    name: "Ready",
    type: "string",
    value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  },
  ageColumn(),
  ...containerColumns<StatefulSet>(({ spec }) => spec?.template?.spec?.containers),
];
