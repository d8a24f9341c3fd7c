import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";

function state({ metadata, status }: ResourceClaim): string {
  const deleted = metadata?.deletionTimestamp !== undefined;
  const states = deleted ? ["deleted"] : [];
  if (status?.allocation === undefined) {
    if (!deleted) states.push("pending");
  } else {
    states.push("allocated", ...(status.reservedFor?.length ? ["reserved"] : []));
  }
  return states.join(",");
}

export const resourceClaimColumns: readonly Column<ResourceClaim>[] = [
  nameColumn(),
  { name: "State", type: "string", value: state },
  ageColumn(),
];
