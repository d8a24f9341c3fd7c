/** Names of types as Go's messages have them, from those of the table. */
import type { FieldSchema } from "./types.ts";

export const shortName = (typeName: string): string => typeName.slice(typeName.lastIndexOf(".") + 1);
/** `io.k8s.api.core.v1.PodSpec` to `v1.PodSpec`. */
export const goName = (typeName: string): string => typeName.split(".").slice(-2).join(".");

/** The Go type of a field, as far as the table tells: `[]v1.Container`, `map[string]string`. */
export function goTypeOf(field: FieldSchema): string {
  if (field.ref !== undefined) {
    return field.ref.endsWith(".Quantity") ? "resource.Quantity" : goName(field.ref);
  }
  if (field.type === "array") return `[]${goTypeOf(field.items ?? {})}`;
  if (field.type === "object")
    return field.values === undefined ? "map[string]interface {}" : `map[string]${goTypeOf(field.values)}`;
  if (field.type === "integer") return field.format === "int64" ? "int64" : "int32";
  if (field.type === "number") return "float64";
  if (field.type === "boolean") return "bool";
  return field.type === "string" ? (field.format === "byte" ? "[]uint8" : "string") : "interface {}";
}
