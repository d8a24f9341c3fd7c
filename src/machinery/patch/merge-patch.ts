/** JSON merge patches (RFC 7386). */

import { badRequest } from "../errors/status-error.ts";
import { setAt, valueAt } from "../meta/accessors.ts";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The patched document; inputs are not changed and may share parts with the result. Nulls delete, also inside what is
 * added. Throws StatusError 400 where the patch is no object.
 */
export function applyMergePatch(document: Readonly<Json>, patch: unknown): Json {
  if (!isObject(patch)) throw badRequest("Invalid JSON Patch");
  return merge(document, patch);
}

function merge(target: Readonly<Json>, patch: Readonly<Json>): Json {
  const result: Json = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete result[key];
      continue;
    }
    const current = valueAt(result, key);
    const next = isObject(current) && isObject(value) ? merge(current, value) : withoutNulls(value);
    setAt(result, key, next);
  }
  return result;
}

/** A value without the properties that are null, at any depth; nulls that are list elements stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([key, child]) => [key, withoutNulls(child)]),
  );
}
