/** SetDefaults_LimitRangeItem: a container's default limit is its maximum, its default request that limit, then the minimum. */
import type { LimitRange, LimitRangeItem } from "../../generated/core-v1.ts";
import { roundUpQuantities } from "../resource-list.ts";

export function applyLimitRangeDefaults({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) {
    if (item.type === "Container") applyContainerLimitDefaults(item);
    for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio]) {
      roundUpQuantities(list);
    }
  }
}

function applyContainerLimitDefaults(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}
