/**
 * Where cluster IPs are taken from: the IPv4 prefixes of the ServiceCIDRs that are ready and stay, the default one's
 * first. Fed by the cache's ServiceCIDRs and IPAddresses; feeds the pool of addresses.
 */
import type { IPAddress, ServiceCIDR } from "../../../kinds/generated/networking-v1.ts";
import { isManagedByAllocator } from "../../../kinds/networking/ip-address/labels.ts";
import { defaultServiceCIDRName, prefixesOf, readyStatus } from "../../../kinds/networking/service-cidr/ranges.ts";
import type { ObjectReader } from "../../types.ts";
import type { ValueRange } from "./pool.ts";
import { formatAddress, parseSubnet } from "./subnet.ts";

const group = "networking.k8s.io";

/** Gives the ranges as they are at each call. `serviceSubnet` is one as long as there is no default ServiceCIDR. */
export function followAddressRanges(reader: ObjectReader, serviceSubnet: string): () => readonly ValueRange[] {
  const initial = rangesOf({ spec: { cidrs: [parseSubnet(serviceSubnet).cidr] } });
  let ranges: readonly ValueRange[] | undefined;
  reader.subscribe(group, "servicecidrs", () => {
    ranges = undefined;
  });
  const read = (): ValueRange[] => {
    const all = reader.list<ServiceCIDR>(group, "servicecidrs");
    const rank = (one: ServiceCIDR): string => (isDefault(one) ? "" : (one.metadata?.name ?? ""));
    const usable = all.filter(isUsable).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
    return [...(all.some(isDefault) ? [] : initial), ...usable.flatMap(rangesOf)];
  };
  return () => {
    ranges ??= read();
    return ranges;
  };
}

/** An IPAddress that the allocator does not keep, somebody else's gateway perhaps, makes the address unavailable. */
export function isAddressHeldElsewhere(reader: ObjectReader, value: number): boolean {
  const held = reader.get<IPAddress>(group, "ipaddresses", "", formatAddress(value));
  return held !== undefined && !isManagedByAllocator(held);
}

const isDefault = ({ metadata }: ServiceCIDR): boolean => metadata?.name === defaultServiceCIDRName;

/** The default one serves from the start: the server's own Service needs it before a controller has seen it. */
function isUsable(serviceCIDR: ServiceCIDR): boolean {
  if (serviceCIDR.metadata?.deletionTimestamp !== undefined) return false;
  return readyStatus(serviceCIDR) === "True" || (isDefault(serviceCIDR) && readyStatus(serviceCIDR) === undefined);
}

/** Without the network's address and the broadcast address. */
function rangesOf(serviceCIDR: ServiceCIDR): ValueRange[] {
  const prefixes = prefixesOf(serviceCIDR).filter(({ family }) => family === 4);
  return prefixes.map(({ base, length }) => {
    const size = 2 ** (32 - length);
    const staticBand = size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
    return { first: Number(base) + 1, last: Number(base) + size - 2, staticBand };
  });
}
