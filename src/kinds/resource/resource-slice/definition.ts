import { fromTable } from "../../from-table.ts";
import type { ResourceSlice } from "../../generated/resource-v1.ts";
import { resourceSliceColumns } from "./columns.ts";

export const resourceSlice = fromTable<ResourceSlice>("resource.k8s.io", "v1", "ResourceSlice", {
  tracksGeneration: true,
  selectableFields: {
    "spec.nodeName": (slice) => slice.spec.nodeName ?? "",
    "spec.driver": (slice) => slice.spec.driver,
  },
  columns: resourceSliceColumns,
});
