/** Amounts of a ResourceQuota in whole thousandths. */
import type { ResourceQuota } from "../../generated/core-v1.ts";
import { roundUpQuantities } from "../resource-list.ts";

export function applyResourceQuotaDefaults({ spec, status }: ResourceQuota): void {
  for (const list of [spec?.hard, status?.hard, status?.used]) roundUpQuantities(list);
}
