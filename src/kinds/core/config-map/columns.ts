import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";

export const configMapColumns: readonly Column<ConfigMap>[] = [
  nameColumn(),
  {
    name: "Data",
    type: "string",
    value: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
  },
  ageColumn(),
];
