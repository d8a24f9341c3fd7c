import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ServiceAccount } from "../../generated/core-v1.ts";

export const serviceAccountColumns: readonly Column<ServiceAccount>[] = [nameColumn(), ageColumn()];
