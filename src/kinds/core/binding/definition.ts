import { fromTable } from "../../from-table.ts";
import type { Binding } from "../../generated/core-v1.ts";

export const binding = fromTable<Binding>("", "v1", "Binding");
