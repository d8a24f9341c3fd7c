import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { Namespace } from "../../generated/core-v1.ts";

export const namespaceColumns: readonly Column<Namespace>[] = [
  nameColumn(),
  { name: "Status", type: "string", value: ({ status }) => status?.phase ?? "" },
  ageColumn(),
];
