/**
 * The order of checks of a custom resource: schema, embedded resources, list types, then rules. On update, errors in what
 * did not change are left out, as upstream's customresource strategies do it.
 */
import { type FieldError, type FieldErrorType, invalidValue } from "../../machinery/errors/field-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { Correlated } from "./correlation.ts";
import { checkEmbeddedResources, checkListTypes, hasInvariants } from "./invariants.ts";
import { ruleCheckOf } from "./rules.ts";
import type { JsonSchema } from "./schema.ts";
import { validateValue } from "./validate-value.ts";

/** Errors after which rules would look at values that are not what they say. */
const blocking: ReadonlySet<FieldErrorType> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

export interface ObjectValidation {
  create(object: UnknownObject): FieldError[];
  /** `warn` gets the errors of rules that are left out. */
  update(object: UnknownObject, old: UnknownObject, warn: (message: string) => void): FieldError[];
  /** The same of the subresource status: the schema of the rest does not matter. */
  updateStatus(object: UnknownObject, old: UnknownObject, warn: (message: string) => void): FieldError[];
}

/** `schema` is that of the whole object, its metadata as far as rules and patterns go. */
export function objectValidationOf(schema: JsonSchema): ObjectValidation {
  const invariants = hasInvariants(schema);
  const rules = ruleCheckOf(schema);
  const statusSchema = schema.properties?.["status"];

  const listTypesAfter = (object: UnknownObject, old: UnknownObject): FieldError[] => {
    const errors = invariants ? checkListTypes(object, schema) : [];
    return errors.length > 0 && checkListTypes(old, schema).length > 0 ? [] : errors;
  };

  return {
    create(object) {
      const errors = validateValue(object, schema);
      if (invariants) errors.push(...checkEmbeddedResources(object, schema), ...checkListTypes(object, schema));
      if (rules !== undefined) errors.push(...(blockingError(errors) ?? rules(object)));
      return errors;
    },

    update(object, old, warn) {
      const correlated = new Correlated({ value: object, old, schema });
      // Most objects are valid: their past is only looked at when something is wrong.
      let errors = validateValue(object, schema);
      if (errors.length > 0) errors = validateValue(object, schema, "", correlated);
      if (invariants) errors.push(...checkEmbeddedResources(object, schema), ...listTypesAfter(object, old));
      if (rules !== undefined) errors.push(...(blockingError(errors) ?? rules(object, { old, correlated, warn })));
      return errors;
    },

    updateStatus(object, old, warn) {
      const correlated = new Correlated({ value: object, old, schema });
      const errors = statusSchema === undefined ? [] : checkStatus(object["status"], statusSchema, correlated);
      errors.push(...listTypesAfter(object, old));
      if (rules !== undefined) errors.push(...(blockingError(errors) ?? rules(object, { old, correlated, warn })));
      return errors;
    },
  };
}

function checkStatus(status: unknown, schema: JsonSchema, correlated: Correlated): FieldError[] {
  if (status === undefined || validateValue(status, schema).length === 0) return [];
  return validateValue(status, schema, "", correlated.key("status")).map(inStatus);
}

/** An error of a schema that was applied to the status alone. */
function inStatus(error: FieldError): FieldError {
  const field = error.field === "" || error.field === "<nil>" ? "status" : `status.${error.field}`;
  return { ...error, field, message: `${field}: ${error.detailMessage}` };
}

function blockingError(errors: readonly FieldError[]): FieldError[] | undefined {
  if (!errors.some(({ type }) => blocking.has(type))) return undefined;
  const detail =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
  return [invalidValue("<nil>", null, detail)];
}
