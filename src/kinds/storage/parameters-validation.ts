/** A provisioner's name and parameters, shared by the two class kinds. */
import { type FieldError, invalidValue, required, tooLong } from "../../machinery/errors/field-error.ts";
import { isQualifiedName } from "../../machinery/validation/names.ts";
import { checkText } from "../field-checks.ts";

const mostParameters = 512;
/** Bytes: 256 KiB. */
const largestParameters = 256 * 1024;

export function validateProvisioner(name: string | undefined, path: string): FieldError[] {
  return name ? checkText(path, name, (value) => isQualifiedName(value.toLowerCase())) : [required(path)];
}

export function validateParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  mayBeEmpty: boolean,
  path: string,
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  const errors: FieldError[] = [];
  if (entries.length > mostParameters) errors.push(tooLong(path, mostParameters));
  if (entries.some(([key]) => key === "")) errors.push(invalidValue(path, "", "field can not be empty."));
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size > largestParameters) errors.push(tooLong(path, largestParameters));
  if (!mayBeEmpty && entries.length === 0) errors.push(required(path, "must contain at least one key/value pair"));
  return errors;
}
