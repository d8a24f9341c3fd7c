import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ResourceClaimTemplate } from "../../generated/resource-v1.ts";

export const resourceClaimTemplateColumns: readonly Column<ResourceClaimTemplate>[] = [nameColumn(), ageColumn()];
