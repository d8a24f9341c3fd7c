import type { ServiceCIDR } from "../../generated/networking-v1.ts";
import { type Prefix, parsePrefix } from "../../ip-prefix.ts";

/** The ServiceCIDR that the API server keeps for the range it was started with. */
export const defaultServiceCIDRName = "kubernetes";

/** Its prefixes, of either family. */
export function prefixesOf({ spec }: ServiceCIDR): Prefix[] {
  return (spec?.cidrs ?? []).map(parsePrefix).filter((prefix) => prefix !== undefined);
}

/** The status of its Ready condition; undefined before a controller has seen it. */
export function readyStatus({ status }: ServiceCIDR): string | undefined {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status;
}
