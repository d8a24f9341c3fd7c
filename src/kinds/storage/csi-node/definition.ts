import { fromTable } from "../../from-table.ts";
import type { CSINode } from "../../generated/storage-v1.ts";
import { csiNodeColumns } from "./columns.ts";

export const csiNode = fromTable<CSINode>("storage.k8s.io", "v1", "CSINode", {
  unconditionalUpdate: false,
  columns: csiNodeColumns,
});
