import type { Column } from "../../../machinery/kind.ts";
import { nameColumn } from "../../column-parts.ts";
import type { ComponentCondition, ComponentStatus } from "../../generated/core-v1.ts";

const healthOf = ({ conditions }: ComponentStatus): ComponentCondition | undefined =>
  conditions?.find(({ type }) => type === "Healthy");

function status(object: ComponentStatus): string {
  const health = healthOf(object);
  return health === undefined ? "Unknown" : health.status === "True" ? "Healthy" : "Unhealthy";
}

export const componentStatusColumns: readonly Column<ComponentStatus>[] = [
  nameColumn(),
  { name: "Status", type: "string", value: status },
  { name: "Message", type: "string", value: (object) => healthOf(object)?.message ?? "" },
  { name: "Error", type: "string", value: (object) => healthOf(object)?.error ?? "" },
];
