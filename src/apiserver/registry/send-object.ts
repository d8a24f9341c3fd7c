import { contentTypeOf, type OutputForm } from "../http/negotiation.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendBytes, sendJsonBytes } from "../http/respond.ts";
import { sendPieces } from "../http/send-pieces.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { encodingFor, type ListMeta, type ObjectEncoding } from "./encoding.ts";
import { listPieces } from "./list-pieces.ts";
import type { ServedResource } from "./resources.ts";

export interface Encoded {
  readonly encoding: ObjectEncoding;
  readonly form: OutputForm;
}

/** Answers with what an encoding gave. Synchronous for plain JSON. */
export function sendEncoded(
  context: RequestContext,
  code: number,
  bytes: Buffer,
  { encoding, form }: Encoded,
): Promise<void> | void {
  if (form.encoding === "json" && !form.pretty) sendBytes(context, code, encoding.contentType, bytes);
  else if (form.encoding === "protobuf") sendBytes(context, code, contentTypeOf.protobuf, bytes);
  else return sendJsonBytes(context, code, bytes, form);
}

/** Up to here a list is answered in one piece, and at once. */
const smallListBytes = 256 * 1024;

/** Answers with a list of objects, in pieces where it is large. `resource` has prepared them. */
export async function sendList(
  context: RequestContext,
  objects: readonly CachedObject[],
  metadata: ListMeta,
  { encoding, form }: Encoded,
): Promise<void> {
  if (isSmall(objects)) return sendEncoded(context, 200, encoding.list(objects, metadata), { encoding, form });
  const { jsonList } = encoding;
  const contentType = form.encoding === "json" ? encoding.contentType : contentTypeOf[form.encoding];
  const pieces =
    jsonList === undefined ? encoding.pieces?.(objects, metadata) : await listPieces(jsonList, objects, metadata, form);
  await sendPieces(context, 200, contentType, pieces ?? [encoding.list(objects, metadata)]);
}

function isSmall(objects: readonly CachedObject[]): boolean {
  let bytes = 0;
  for (const object of objects) {
    bytes += object.bytes.length;
    if (bytes > smallListBytes) return false;
  }
  return true;
}

/** Answers with the object as the request wants it. */
export function sendCached(
  context: RequestContext,
  code: number,
  object: CachedObject,
  resource: ServedResource,
): Promise<void> | void {
  const { encoding, form } = encodingFor(resource, context);
  const preparing = resource.prepare([object]);
  if (preparing !== undefined) {
    return preparing.then(() => sendEncoded(context, code, encoding.one(object), { encoding, form }));
  }
  return sendEncoded(context, code, encoding.one(object), { encoding, form });
}
