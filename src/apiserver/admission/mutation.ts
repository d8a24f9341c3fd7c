/** How webhooks and policies change the object of a request, which the registry holds on to. */
import { internalError } from "../../machinery/errors/status-error.ts";
import { deepCopy, setAt } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { conform } from "../../machinery/schema/conform.ts";
import type { AdmissionRequest } from "../types.ts";

/**
 * Makes `request.object` what `wanted` says: typed, pruned and defaulted. Throws StatusError 500 on other types, in fields
 * and as a whole.
 */
export function replaceObject({ object, kind }: AdmissionRequest, wanted: UnknownObject): void {
  if (object === undefined) return;
  if (wanted.kind !== object.kind || wanted.apiVersion !== object.apiVersion) {
    const [given, expected] = [wanted, object].map((one) => `(${one.apiVersion}, Kind=${one.kind})`);
    throw internalError(new Error(`failed to convert object: converting ${given} to ${expected}: unknown conversion`));
  }
  const isKind =
    object.kind === kind.kind && object.apiVersion === `${kind.group === "" ? "" : `${kind.group}/`}${kind.version}`;
  const conformed = isKind ? conform(deepCopy(wanted), kind.schemas, kind.schemaName) : undefined;
  if (conformed !== undefined && conformed.errors.length > 0)
    throw internalError(new Error(conformed.errors.join(", ")));
  const next = (conformed?.object ?? wanted) as UnknownObject;
  if (isKind) kind.applyDefaults?.(next);
  const { metadata } = object;
  overwrite(object, next);
  // The registry knows this very metadata.
  if (metadata !== undefined && next.metadata !== undefined) {
    overwrite(metadata as Record<string, unknown>, next.metadata as Record<string, unknown>);
    object.metadata = metadata;
  }
}

function overwrite(target: Record<string, unknown>, source: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(target)) if (!Object.hasOwn(source, key)) delete target[key];
  for (const [key, value] of Object.entries(source)) setAt(target, key, value);
}
