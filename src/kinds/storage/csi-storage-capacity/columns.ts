import type { Column } from "../../../machinery/kind.ts";
import { nameColumn } from "../../column-parts.ts";
import type { CSIStorageCapacity } from "../../generated/storage-v1.ts";

export const csiStorageCapacityColumns: readonly Column<CSIStorageCapacity>[] = [
  nameColumn(),
  { name: "StorageClassName", type: "string", value: ({ storageClassName }) => storageClassName ?? "" },
  { name: "Capacity", type: "string", value: ({ capacity }) => capacity ?? "<unset>" },
];
