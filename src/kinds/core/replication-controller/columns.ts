import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, containerColumns, formatLabels, nameColumn, selectorColumn } from "../../column-parts.ts";
import type { ReplicationController } from "../../generated/core-v1.ts";

export const replicationControllerColumns: readonly Column<ReplicationController>[] = [
  nameColumn(),
  { name: "Desired", type: "integer", value: ({ spec }) => spec?.replicas ?? 0 },
  { name: "Current", type: "integer", value: ({ status }) => status?.replicas ?? 0 },
  { name: "Ready", type: "integer", value: ({ status }) => status?.readyReplicas ?? 0 },
  ageColumn(),
  ...containerColumns<ReplicationController>(({ spec }) => spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => formatLabels(spec?.selector)),
];
