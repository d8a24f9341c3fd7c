import { valueAt } from "../machinery/meta/accessors.ts";

/**
 * Equality as upstream's apiequality.Semantic has it for decoded JSON: a missing field, an empty list and an empty map
 * are the same; so is an empty struct, which cannot be told from a map here. Quantities are canonical by the time kinds
 * see them, so their texts can be compared.
 */
export function semanticEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isAbsent(left) || isAbsent(right)) return isAbsent(left) && isAbsent(right);
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((value, index) => semanticEqual(value, right[index]));
  }
  const one = left as Record<string, unknown>;
  const other = right as Record<string, unknown>;
  for (const key in one) if (!semanticEqual(one[key], valueAt(other, key))) return false;
  for (const key in other) if (!Object.hasOwn(one, key) && !isAbsent(other[key])) return false;
  return true;
}

function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object") return false;
  for (const key in value) if (!isAbsent((value as Record<string, unknown>)[key])) return false;
  return true;
}
