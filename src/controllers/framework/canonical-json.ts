/**
 * JSON with sorted keys, without undefined, null and empty lists: equal texts mean equal objects in the sense of
 * upstream's semantic comparison.
 */
export function canonicalJson(value: unknown): string {
  return canonical(value, isAbsent);
}

/** Compares specs and other values by their canonical text. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** Compares statuses: a zero, an empty text and a missing field are the same there (Go's omitempty). */
export function sameStatus(a: unknown, b: unknown): boolean {
  return a === b || canonical(a ?? {}, isZero) === canonical(b ?? {}, isZero);
}

const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
const isZero = (value: unknown): boolean => isAbsent(value) || value === 0 || value === "" || value === false;

function canonical(value: unknown, skip: (value: unknown) => boolean): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, skip)).join(",")}]`;
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (!skip(member)) parts.push(`${JSON.stringify(key)}:${canonical(member, skip)}`);
  }
  return `{${parts.join(",")}}`;
}
