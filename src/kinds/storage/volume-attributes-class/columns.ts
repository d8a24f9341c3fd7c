import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { VolumeAttributesClass } from "../../generated/storage-v1.ts";

export const volumeAttributesClassColumns: readonly Column<VolumeAttributesClass>[] = [
  nameColumn(),
  { name: "DriverName", type: "string", value: ({ driverName }) => driverName ?? "" },
  ageColumn(),
];
