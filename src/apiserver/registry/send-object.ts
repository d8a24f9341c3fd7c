import { contentTypeOf, type OutputForm } from "../http/negotiation.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendBytes, sendJsonBytes } from "../http/respond.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { encodingFor, type ObjectEncoding } from "./encoding.ts";
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
