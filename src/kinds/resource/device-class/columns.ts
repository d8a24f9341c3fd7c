import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { DeviceClass } from "../../generated/resource-v1.ts";

export const deviceClassColumns: readonly Column<DeviceClass>[] = [nameColumn(), ageColumn()];
