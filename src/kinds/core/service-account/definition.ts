import { fromTable } from "../../from-table.ts";
import type { ServiceAccount } from "../../generated/core-v1.ts";

export const serviceAccount = fromTable<ServiceAccount>("", "v1", "ServiceAccount", {
  shortNames: ["sa"],
});
