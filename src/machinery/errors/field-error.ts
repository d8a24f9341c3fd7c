/** Validation errors of one field, in the words of apimachinery's util/validation/field. */
export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueDuplicate"
  | "FieldValueNotFound"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].name`. */
  readonly field: string;
  /** `Invalid value: "x": must be …`: the message of the Status cause. */
  readonly detailMessage: string;
  /** `spec.containers[0].name: Invalid value: …`: the part of the Status message. */
  readonly message: string;
}

function make(type: FieldErrorType, field: string, detailMessage: string): FieldError {
  return { type, field, detailMessage, message: field === "" ? detailMessage : `${field}: ${detailMessage}` };
}

const withDetail = (text: string, detail: string): string => (detail === "" ? text : `${text}: ${detail}`);
/** Values as Go's field errors print them: strings quoted, numbers and booleans bare, the rest as JSON. */
const show = (value: unknown): string => (value === undefined ? "null" : JSON.stringify(value));

export const immutableMessage = "field is immutable";

export function required(field: string, detail = ""): FieldError {
  return make("FieldValueRequired", field, withDetail("Required value", detail));
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return make("FieldValueInvalid", field, withDetail(`Invalid value: ${show(value)}`, detail));
}

/** Where upstream leaves out the value: an object or list that is too large to be shown. */
export function invalidWithoutValue(field: string, detail: string): FieldError {
  return make("FieldValueInvalid", field, `Invalid value: ${detail}`);
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return make("FieldValueTypeInvalid", field, withDetail(`Invalid value: ${show(value)}`, detail));
}

/** `supported` is listed sorted, as upstream does where it keeps it as a set. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  return notSupportedInOrder(field, value, [...supported].sort());
}

/** `supported` is listed as given, as upstream does where it keeps it as a list. */
export function notSupportedInOrder(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one));
  return make(
    "FieldValueNotSupported",
    field,
    `Unsupported value: ${show(value)}: supported values: ${list.join(", ")}`,
  );
}

export function forbiddenField(field: string, detail: string): FieldError {
  return make("FieldValueForbidden", field, withDetail("Forbidden", detail));
}

export function duplicate(field: string, value: unknown): FieldError {
  return make("FieldValueDuplicate", field, `Duplicate value: ${show(value)}`);
}

export function fieldNotFound(field: string, value: unknown): FieldError {
  return make("FieldValueNotFound", field, `Not found: ${show(value)}`);
}

export function tooLong(field: string, maximum: number): FieldError {
  return make("FieldValueTooLong", field, `Too long: may not be more than ${maximum} bytes`);
}

export function tooMany(field: string, actual: number, maximum: number): FieldError {
  return make("FieldValueTooMany", field, `Too many: ${actual}: must have at most ${maximum} items`);
}
