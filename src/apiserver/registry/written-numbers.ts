/**
 * How numbers are written, through the application of a patch: to Go `1.0` is no integer, and the patched document is
 * decoded as it is written. A number that is whole and none to Go goes through as a string of its own kind.
 */
import { randomUUID } from "node:crypto";
import { setAt } from "../../machinery/meta/accessors.ts";

/** Nobody outside of this process can know it. */
const marker = `${randomUUID()}:`;

/** The value with strings in place of the numbers at those paths (ParsedJson.floats). A copy, as far as it differs. */
export function markNumbers(value: unknown, floats: ReadonlyMap<string, string>, path = ""): unknown {
  if (typeof value === "number") {
    const literal = floats.get(path);
    return literal === undefined ? value : marker + literal;
  }
  if (typeof value !== "object" || value === null) return value;
  return mapChildren(value, path, (child, place) => markNumbers(child, floats, place));
}

/** A deep copy of what came of a marked value, and how its numbers are written, by their paths. */
export function unmarkNumbers(value: unknown): { value: unknown; floats: ReadonlyMap<string, string> } {
  const floats = new Map<string, string>();
  const unmark = (one: unknown, path: string): unknown => {
    if (typeof one === "object" && one !== null) return mapChildren(one, path, unmark);
    if (typeof one !== "string" || !one.startsWith(marker)) return one;
    const literal = one.slice(marker.length);
    floats.set(path, literal);
    return Number(literal);
  };
  return { value: unmark(value, ""), floats };
}

function mapChildren(value: object, path: string, map: (child: unknown, path: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => map(item, `${path}[${index}]`));
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) setAt(copy, key, map(child, path === "" ? key : `${path}.${key}`));
  return copy;
}
