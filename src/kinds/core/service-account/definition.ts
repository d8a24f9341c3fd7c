import { fromTable } from "../../from-table.ts";
import type { ServiceAccount } from "../../generated/core-v1.ts";
import { serviceAccountColumns } from "./columns.ts";
import { prepareForCreate } from "./strategy.ts";

export const serviceAccount = fromTable<ServiceAccount>("", "v1", "ServiceAccount", {
  shortNames: ["sa"],
  prepareForCreate,
  prepareForUpdate: prepareForCreate,
  columns: serviceAccountColumns,
});
