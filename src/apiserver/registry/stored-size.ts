/** How large an object may be that is stored, whichever way it came: the request limit of upstream's etcd. */
import { encodeMessage } from "../../machinery/codec/protobuf.ts";
import { requestEntityTooLarge } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { encodeStored } from "../watch/object-bytes.ts";
import type { ServedResource } from "./resources.ts";

/** etcd's --max-request-bytes, 1.5 MiB. */
const maximumStoredBytes = 1.5 * 1024 * 1024;
/** Text whose JSON needs more than two bytes a character is no text that anybody stores. */
const maximumJsonBytes = 2 * maximumStoredBytes;

/**
 * The store's value. What is too large loses its field owners, as upstream has it, unless they were `applied`. Throws
 * StatusError RequestEntityTooLarge where that is not enough; upstream answers with 500 and the same words.
 */
export function encodeWithinLimit(resource: ServedResource, stored: UnknownObject, applied: boolean): Buffer {
  const value = encodeStored(stored);
  if (fits(resource, stored, value)) return value;
  if (!applied && stored.metadata?.managedFields !== undefined) {
    delete stored.metadata.managedFields;
    return encodeWithinLimit(resource, stored, applied);
  }
  throw requestEntityTooLarge("etcdserver: request is too large");
}

/** Upstream stores built-in kinds in protobuf, where a quote or a byte takes less room than in JSON. */
function fits({ kind }: ServedResource, stored: UnknownObject, { length }: Buffer): boolean {
  if (length <= maximumStoredBytes) return true;
  if (length > maximumJsonBytes || kind.schemas[kind.schemaName]?.structural === true) return false;
  return encodeMessage(stored, kind.schemaName, kind.schemas).length <= maximumStoredBytes;
}
