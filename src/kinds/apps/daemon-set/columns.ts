import type { Column } from "../../../machinery/kind.ts";
import {
  ageColumn,
  containerColumns,
  formatLabels,
  formatSelector,
  nameColumn,
  selectorColumn,
} from "../../column-parts.ts";
import type { DaemonSet } from "../../generated/apps-v1.ts";

export const daemonSetColumns: readonly Column<DaemonSet>[] = [
  nameColumn(),
  { name: "Desired", type: "integer", value: ({ status }) => status?.desiredNumberScheduled ?? 0 },
  { name: "Current", type: "integer", value: ({ status }) => status?.currentNumberScheduled ?? 0 },
  { name: "Ready", type: "integer", value: ({ status }) => status?.numberReady ?? 0 },
  { name: "Up-to-date", type: "integer", value: ({ status }) => status?.updatedNumberScheduled ?? 0 },
  { name: "Available", type: "integer", value: ({ status }) => status?.numberAvailable ?? 0 },
  { name: "Node Selector", type: "string", value: ({ spec }) => formatLabels(spec?.template?.spec?.nodeSelector) },
  ageColumn(),
  ...containerColumns<DaemonSet>(({ spec }) => spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => formatSelector(spec?.selector)),
];
