import type { ServiceCIDR } from "../../kinds/generated/networking-v1.ts";
import { parsePrefix, prefixCovers } from "../../kinds/ip-prefix.ts";

/** The IPv4 CIDRs of these, in order; without those that lie in another, for a set's intervals must not overlap. */
export function listServiceCidrs(all: readonly ServiceCIDR[]): string[] {
  const cidrs = [...new Set(all.flatMap(({ spec }) => spec?.cidrs ?? []))].sort();
  const known = cidrs.flatMap((cidr) => {
    const prefix = parsePrefix(cidr);
    return prefix?.family === 4 ? [{ cidr, prefix }] : [];
  });
  const isWithin = ({ cidr, prefix }: (typeof known)[number]): boolean =>
    known.some((other) => other.cidr !== cidr && prefixCovers(other.prefix, prefix));
  return known.filter((one) => !isWithin(one)).map(({ cidr }) => cidr);
}
