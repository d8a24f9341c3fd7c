import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { APIService } from "../../generated/apiregistration-v1.ts";

function available({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return "Unknown";
  return condition.status === "True" || !condition.reason
    ? condition.status
    : `${condition.status} (${condition.reason})`;
}

export const apiServiceColumns: readonly Column<APIService>[] = [
  nameColumn(),
  {
    name: "Service",
    type: "string",
    value: ({ spec }) =>
      spec?.service === undefined ? "Local" : `${spec.service.namespace ?? ""}/${spec.service.name ?? ""}`,
  },
  { name: "Available", type: "string", value: available },
  ageColumn(),
];
