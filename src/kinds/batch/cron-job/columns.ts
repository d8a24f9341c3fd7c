import type { Column } from "../../../machinery/kind.ts";
import {
  ageColumn,
  containerColumns,
  formatSelector,
  nameColumn,
  orNone,
  selectorColumn,
  since,
} from "../../column-parts.ts";
import type { CronJob } from "../../generated/batch-v1.ts";

export const cronJobColumns: readonly Column<CronJob>[] = [
  nameColumn(),
  { name: "Schedule", type: "string", value: ({ spec }) => spec?.schedule ?? "" },
  { name: "Timezone", type: "string", value: ({ spec }) => orNone(spec?.timeZone) },
  {
    name: "Suspend",
    type: "boolean",
    value: ({ spec }) => (spec?.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False"),
  },
  { name: "Active", type: "integer", value: ({ status }) => (status?.active ?? []).length },
  {
    name: "Last Schedule",
    type: "string",
    value: ({ status }, now) =>
      status?.lastScheduleTime === undefined ? "<none>" : since(status.lastScheduleTime, now),
  },
  ageColumn(),
  ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate?.spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => formatSelector(spec?.jobTemplate?.spec?.selector)),
];
