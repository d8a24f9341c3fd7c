/** Whether a schema is structural and says nothing that contradicts itself, in upstream's words. */

import { compilePattern, PatternError } from "../../lib/regular-expression/index.ts";
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../../machinery/errors/field-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { checkListTypes } from "./invariants.ts";
import { type JsonSchema, valuesOf } from "./schema.ts";
import { validateValue } from "./validate-value.ts";

const types = ["array", "boolean", "integer", "number", "object", "string"];

export function validateSchema(schema: JsonSchema, path: string): FieldError[] {
  if (schema.type === undefined) return [required(`${path}.type`, "must not be empty at the root")];
  if (schema.type !== "object") return [invalidValue(`${path}.type`, schema.type, "must be object at the root")];
  if (schema.nullable) return [forbiddenField(`${path}.nullable`, "nullable cannot be true at the root")];
  return validateNode(schema, path, true);
}

function validateNode(schema: JsonSchema, path: string, isRoot = false): FieldError[] {
  const values = valuesOf(schema);
  const properties = Object.entries(schema.properties ?? {});
  return [
    ...checkType(schema, path, isRoot),
    ...checkListType(schema, path),
    ...checkMapType(schema, path),
    ...checkContent(schema, path),
    ...properties.flatMap(([key, property]) => {
      const meta = isRoot && ["metadata", "apiVersion", "kind"].includes(key);
      return validateNode(property, `${path}.properties[${key}]`, meta);
    }),
    ...(schema.items === undefined ? [] : validateNode(schema.items, `${path}.items`)),
    ...(values === undefined ? [] : validateNode(values, `${path}.additionalProperties`)),
  ];
}

function checkType(schema: JsonSchema, path: string, mayLack: boolean): FieldError[] {
  const open = schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (!schema.type)
    return open || mayLack ? [] : [required(`${path}.type`, "must not be empty for specified object fields")];
  if (!types.includes(schema.type)) return [notSupported(`${path}.type`, schema.type, types)];
  if (schema.type === "array" && schema.items === undefined) {
    return [required(`${path}.items`, "must be specified")];
  }
  return [];
}

function checkListType(schema: JsonSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  const typePath = `${path}.x-kubernetes-list-type`;
  if (listType === undefined) {
    return keys.length > 0 ? [required(typePath, "must be map if x-kubernetes-list-map-keys is non-empty")] : [];
  }
  if (schema.type !== "array") {
    const detail = "must be array if x-kubernetes-list-type is specified";
    return [schema.type ? invalidValue(`${path}.type`, schema.type, detail) : required(`${path}.type`, detail)];
  }
  if (!["atomic", "set", "map"].includes(listType)) return [notSupported(typePath, listType, ["atomic", "set", "map"])];
  if (listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    return keys.length > 0 ? [invalidValue(typePath, listType, detail)] : [];
  }
  if (keys.length === 0) return [required(keysPath, "must not be empty if x-kubernetes-list-type is map")];
  if (schema.items?.type !== "object") {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [invalidValue(`${path}.items.type`, schema.items?.type ?? "", detail)];
  }
  return keys.flatMap((key) => {
    if (schema.items === undefined || valueAt(schema.items.properties, key) === undefined) {
      return [invalidValue(keysPath, keys, "entries must all be names of item properties")];
    }
    const keyed = schema.items.required?.includes(key) || valueAt(schema.items.properties, key)?.default !== undefined;
    if (keyed) return [];
    const detail =
      "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
    return [required(`${path}.items.properties[${key}].default`, detail)];
  });
}

function checkMapType(schema: JsonSchema, path: string): FieldError[] {
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return [];
  if (schema.type !== "object") {
    const detail = "must be object if x-kubernetes-map-type is specified";
    return [schema.type ? invalidValue(`${path}.type`, schema.type, detail) : required(`${path}.type`, detail)];
  }
  const known = ["atomic", "granular"];
  return known.includes(mapType) ? [] : [notSupported(`${path}.x-kubernetes-map-type`, mapType, known)];
}

function checkContent(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbiddenField(`${path}.uniqueItems`, detail));
  }
  if (valuesOf(schema) !== undefined && Object.keys(schema.properties ?? {}).length > 0) {
    const detail = "additionalProperties and properties are mutual exclusive";
    errors.push(forbiddenField(`${path}.additionalProperties`, detail));
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  }
  if (schema.pattern) errors.push(...checkPattern(schema.pattern, path));
  if (schema.default !== undefined) {
    const complete =
      schema["x-kubernetes-embedded-resource"] === true
        ? []
        : [...validateValue(schema.default, schema), ...checkListTypes(schema.default, schema)];
    errors.push(...complete.map((error) => invalidValue(`${path}.default`, schema.default, error.message)));
  }
  return errors;
}

function checkPattern(pattern: string, path: string): FieldError[] {
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const detail = `must be a valid regular expression, but isn't: ${error.message}`;
    return [invalidValue(`${path}.pattern`, pattern, detail)];
  }
}
