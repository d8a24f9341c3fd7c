import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, orNone } from "../../column-parts.ts";
import { loadBalancerAddresses } from "../../core/service/columns.ts";
import type { Ingress } from "../../generated/networking-v1.ts";

const shownRules = 3;

function hosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown = rules.slice(0, shownRules).flatMap(({ host }) => (host ? [host] : []));
  if (shown.length === 0) return "*";
  const more = shown.length === shownRules ? rules.length - shownRules : 0;
  return more > 0 ? `${shown.join(",")} + ${more} more...` : shown.join(",");
}

export const ingressColumns: readonly Column<Ingress>[] = [
  nameColumn(),
  { name: "Class", type: "string", value: ({ spec }) => orNone(spec?.ingressClassName) },
  { name: "Hosts", type: "string", value: hosts },
  { name: "Address", type: "string", value: ({ status }) => loadBalancerAddresses(status?.loadBalancer?.ingress) },
  { name: "Ports", type: "string", value: ({ spec }) => (spec?.tls?.length ? "80, 443" : "80") },
  ageColumn(),
];
