/** The generated table of every type in the Kubernetes 1.36 API: full name, `io.k8s.api.core.v1.Pod`, to its fields. */
import type { SchemaTable } from "../machinery/schema/types.ts";
import table from "./generated/schema.json" with { type: "json" };

export const builtInSchemas = table as unknown as SchemaTable;
