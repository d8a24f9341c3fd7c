import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, formatSelector, nameColumn } from "../../column-parts.ts";
import type { NetworkPolicy } from "../../generated/networking-v1.ts";

export const networkPolicyColumns: readonly Column<NetworkPolicy>[] = [
  nameColumn(),
  { name: "Pod-Selector", type: "string", value: ({ spec }) => formatSelector(spec?.podSelector ?? {}) },
  ageColumn(),
];
