import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ResourceSlice } from "../../generated/resource-v1.ts";

export const resourceSliceColumns: readonly Column<ResourceSlice>[] = [
  nameColumn(),
  { name: "Node", type: "string", value: ({ spec }) => spec?.nodeName ?? "" },
  { name: "Driver", type: "string", value: ({ spec }) => spec?.driver ?? "" },
  { name: "Pool", type: "string", value: ({ spec }) => spec?.pool?.name ?? "" },
  ageColumn(),
];
