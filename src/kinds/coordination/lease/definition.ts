import { fromTable } from "../../from-table.ts";
import type { Lease } from "../../generated/coordination-v1.ts";
import { leaseColumns } from "./columns.ts";
import { validateLease } from "./validation.ts";

export const lease = fromTable<Lease>("coordination.k8s.io", "v1", "Lease", {
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: validateLease,
  columns: leaseColumns,
});
