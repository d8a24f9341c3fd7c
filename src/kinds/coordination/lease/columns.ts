import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { Lease } from "../../generated/coordination-v1.ts";

export const leaseColumns: readonly Column<Lease>[] = [
  nameColumn(),
  { name: "Holder", type: "string", value: ({ spec }) => spec?.holderIdentity ?? "" },
  ageColumn(),
];
