import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import { parseApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import type { ObjectReader, ObjectWriter } from "../types.ts";

export interface ObjectAccess {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
}

/** The stored object as it should be; undefined where it is. */
export type Reconcile = (stored: UnknownObject, wanted: UnknownObject) => UnknownObject | undefined;

/** Creates an object that is missing, and reconciles one that is there. Costs a read of memory where all is well. */
export async function ensureObject(
  { reader, writer }: ObjectAccess,
  plural: string,
  wanted: UnknownObject,
  reconcile: Reconcile,
): Promise<void> {
  const { group } = parseApiVersion(wanted.apiVersion ?? "v1");
  const { namespace = "", name = "" } = wanted.metadata ?? {};
  const stored = reader.get<UnknownObject>(group, plural, namespace, name);
  if (stored === undefined) {
    try {
      await writer.create(group, plural, wanted);
      return;
    } catch (error) {
      // Another API server on the same store, or a cache that is behind it.
      if (!isAlreadyExists(error)) throw error;
    }
  } else if (reconcile(stored, wanted) === undefined) return;
  await writer.modify({ group, plural, namespace, name }, (current) => reconcile(current, wanted));
}
