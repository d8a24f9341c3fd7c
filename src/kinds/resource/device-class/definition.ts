import { fromTable } from "../../from-table.ts";
import type { DeviceClass } from "../../generated/resource-v1.ts";
import { deviceClassColumns } from "./columns.ts";

export const deviceClass = fromTable<DeviceClass>("resource.k8s.io", "v1", "DeviceClass", {
  tracksGeneration: true,
  columns: deviceClassColumns,
});
