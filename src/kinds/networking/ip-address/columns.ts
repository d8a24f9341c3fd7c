import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { IPAddress } from "../../generated/networking-v1.ts";

function parent({ spec }: IPAddress): string {
  const reference = spec?.parentRef;
  if (reference === undefined) return "<none>";
  const { group, resource, namespace, name } = reference;
  const what = (group ? `${resource}.${group}` : (resource ?? "")).toLowerCase();
  return [what, ...(namespace ? [namespace] : []), name].join("/");
}

export const ipAddressColumns: readonly Column<IPAddress>[] = [
  nameColumn(),
  { name: "ParentRef", type: "string", value: parent },
  ageColumn(),
];
