/** ValidateConfigMap, ValidateConfigMapUpdate. */
import { type FieldError, forbiddenField, invalidValue, tooLong } from "../../../machinery/errors/field-error.ts";
import { isConfigMapKey } from "../../../machinery/validation/names.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { base64Length } from "../base64-length.ts";

/** Bytes: one mebibyte, as for secrets. */
const largest = 1024 * 1024;
const frozen = "field is immutable when `immutable` is set";

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...isConfigMapKey(key).map((one) => invalidValue(`data[${key}]`, key, one)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData"));
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...isConfigMapKey(key).map((one) => invalidValue(`binaryData[${key}]`, key, one)));
    size += base64Length(value);
  }
  return size > largest ? [...errors, tooLong("", largest)] : errors;
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): FieldError[] {
  if (!old.immutable) return [];
  const errors = map.immutable ? [] : [forbiddenField("immutable", frozen)];
  for (const field of ["data", "binaryData"] as const) {
    if (!semanticEqual(map[field], old[field])) errors.push(forbiddenField(field, frozen));
  }
  return errors;
}
