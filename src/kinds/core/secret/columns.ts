import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { Secret } from "../../generated/core-v1.ts";

export const secretColumns: readonly Column<Secret>[] = [
  nameColumn(),
  { name: "Type", type: "string", value: ({ type }) => type ?? "" },
  { name: "Data", type: "string", value: ({ data }) => Object.keys(data ?? {}).length },
  ageColumn(),
];
