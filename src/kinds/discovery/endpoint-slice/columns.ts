import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, listWithMore, nameColumn } from "../../column-parts.ts";
import type { EndpointSlice } from "../../generated/discovery-v1.ts";

const shown = 3;

export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  nameColumn(),
  { name: "AddressType", type: "string", value: ({ addressType }) => addressType ?? "" },
  {
    name: "Ports",
    type: "string",
    value: ({ ports }) =>
      listWithMore(
        (ports ?? []).map(({ port, name }) => String(port ?? name ?? "*")),
        shown,
      ) || "<unset>",
  },
  {
    name: "Endpoints",
    type: "string",
    value: ({ endpoints }) =>
      listWithMore(
        (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
        shown,
      ) || "<unset>",
  },
  ageColumn(),
];
