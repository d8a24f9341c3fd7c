import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, containerColumns, formatSelector, nameColumn, selectorColumn } from "../../column-parts.ts";
import type { ReplicaSet } from "../../generated/apps-v1.ts";

export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  nameColumn(),
  { name: "Desired", type: "integer", value: ({ spec }) => spec?.replicas ?? 0 },
  { name: "Current", type: "integer", value: ({ status }) => status?.replicas ?? 0 },
  { name: "Ready", type: "integer", value: ({ status }) => status?.readyReplicas ?? 0 },
  ageColumn(),
  ...containerColumns<ReplicaSet>(({ spec }) => spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => formatSelector(spec?.selector)),
];
