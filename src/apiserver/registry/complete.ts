import type { KindDefinition } from "../../machinery/kind.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { conform } from "../../machinery/schema/conform.ts";

/** The object with every field that the Go types always write, as it is stored and answered. */
export function completeForStorage(kind: KindDefinition, object: UnknownObject): UnknownObject {
  return conform(object, kind.schemas, kind.schemaName, { prune: false, zeroValues: "all" }).object as UnknownObject;
}
