import type { Column } from "../../../machinery/kind.ts";
import { containerColumns, formatLabels, nameColumn } from "../../column-parts.ts";
import type { PodTemplate } from "../../generated/core-v1.ts";

export const podTemplateColumns: readonly Column<PodTemplate>[] = [
  nameColumn(),
  ...containerColumns<PodTemplate>(({ template }) => template?.spec?.containers).map((column) => ({
    ...column,
    priority: 0,
  })),
  { name: "Pod Labels", type: "string", value: ({ template }) => formatLabels(template?.metadata?.labels) },
];
