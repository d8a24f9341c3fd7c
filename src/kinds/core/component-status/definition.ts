import { fromTable } from "../../from-table.ts";
import type { ComponentStatus } from "../../generated/core-v1.ts";
import { componentStatusColumns } from "./columns.ts";

export const componentStatus = fromTable<ComponentStatus>("", "v1", "ComponentStatus", {
  shortNames: ["cs"],
  columns: componentStatusColumns,
});
