import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, nameOf } from "../../column-parts.ts";
import type { IngressClass } from "../../generated/networking-v1.ts";
import { isDefaultIngressClass } from "./default-class.ts";

function parameters({ spec }: IngressClass): string {
  const given = spec?.parameters;
  if (given === undefined) return "<none>";
  return `${given.apiGroup === undefined ? given.kind : `${given.kind}.${given.apiGroup}`}/${given.name}`;
}

export const ingressClassColumns: readonly Column<IngressClass>[] = [
  nameColumn((one) => (isDefaultIngressClass(one) ? `${nameOf(one)} (default)` : nameOf(one))),
  { name: "Controller", type: "string", value: ({ spec }) => spec?.controller ?? "" },
  { name: "Parameters", type: "string", value: parameters },
  ageColumn(),
];
