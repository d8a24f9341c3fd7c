import { valueAt } from "../machinery/meta/accessors.ts";

/** Where two decoded objects differ, for the messages of fields that may not change: one line a field. */
export function describeDifference(old: unknown, now: unknown, path = ""): string {
  return [...differences(old, now, path)].join("\n");
}

function* differences(old: unknown, now: unknown, path: string): Generator<string> {
  if (old === now) return;
  if (isObject(old) && isObject(now) && Array.isArray(old) === Array.isArray(now)) {
    const step = (key: string) => (Array.isArray(old) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      yield* differences(valueAt(old, key), valueAt(now, key), step(key));
    }
    return;
  }
  if (old !== undefined) yield `- ${path}: ${JSON.stringify(old)}`;
  if (now !== undefined) yield `+ ${path}: ${JSON.stringify(now)}`;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
