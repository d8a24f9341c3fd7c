import type { Column } from "../../../machinery/kind.ts";
import { labelSelectorFromObject } from "../../../machinery/selectors/label-selector.ts";
import { ageColumn, containerColumns, nameColumn, selectorColumn } from "../../column-parts.ts";
import type { Deployment } from "../../generated/apps-v1.ts";

export const deploymentColumns: readonly Column<Deployment>[] = [
  nameColumn(),
  {
    name: "Ready",
    type: "string",
    value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  },
  { name: "Up-to-date", type: "string", value: ({ status }) => status?.updatedReplicas ?? 0 },
  { name: "Available", type: "string", value: ({ status }) => status?.availableReplicas ?? 0 },
  ageColumn(),
  ...containerColumns<Deployment>(({ spec }) => spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => labelSelectorFromObject(spec?.selector).toString()),
];
