import { isIPv6 } from "node:net";
import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, listWithMore, nameColumn } from "../../column-parts.ts";
import type { Endpoints } from "../../generated/core-v1.ts";

const joinHostPort = (ip: string, port: number): string => (isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);

function addresses({ subsets }: Endpoints): string {
  if (!subsets?.length) return "<none>";
  const list = subsets.flatMap((subset) => {
    const ready = (subset.addresses ?? []).map(({ ip }) => ip);
    if (!subset.ports?.length) return ready;
    return subset.ports.flatMap(({ port }) => ready.map((ip) => joinHostPort(ip, port)));
  });
  return listWithMore(list, 3);
}

export const endpointsColumns: readonly Column<Endpoints>[] = [
  nameColumn(),
  { name: "Endpoints", type: "string", value: addresses },
  ageColumn(),
];
