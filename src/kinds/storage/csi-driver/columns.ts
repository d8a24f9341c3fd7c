import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { CSIDriver } from "../../generated/storage-v1.ts";

function tokenRequests({ spec }: CSIDriver): string {
  return spec?.tokenRequests === undefined ? "<unset>" : spec.tokenRequests.map(({ audience }) => audience).join(",");
}

export const csiDriverColumns: readonly Column<CSIDriver>[] = [
  nameColumn(),
  { name: "AttachRequired", type: "boolean", value: ({ spec }) => spec?.attachRequired ?? true },
  { name: "PodInfoOnMount", type: "boolean", value: ({ spec }) => spec?.podInfoOnMount ?? false },
  { name: "StorageCapacity", type: "boolean", value: ({ spec }) => spec?.storageCapacity ?? false },
  { name: "TokenRequests", type: "string", value: tokenRequests },
  { name: "RequiresRepublish", type: "boolean", value: ({ spec }) => spec?.requiresRepublish ?? false },
  { name: "Modes", type: "string", value: ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(",") || "<none>" },
  ageColumn(),
];
