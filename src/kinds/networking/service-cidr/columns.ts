import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ServiceCIDR } from "../../generated/networking-v1.ts";

export const serviceCIDRColumns: readonly Column<ServiceCIDR>[] = [
  nameColumn(),
  { name: "CIDRs", type: "string", value: ({ spec }) => (spec?.cidrs ?? []).join(",") },
  ageColumn(),
];
