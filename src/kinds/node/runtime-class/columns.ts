import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { RuntimeClass } from "../../generated/node-v1.ts";

export const runtimeClassColumns: readonly Column<RuntimeClass>[] = [
  nameColumn(),
  { name: "Handler", type: "string", value: ({ handler }) => handler ?? "" },
  ageColumn(),
];
