import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { CSINode } from "../../generated/storage-v1.ts";

export const csiNodeColumns: readonly Column<CSINode>[] = [
  nameColumn(),
  { name: "Drivers", type: "integer", value: ({ spec }) => (spec?.drivers ?? []).length },
  ageColumn(),
];
