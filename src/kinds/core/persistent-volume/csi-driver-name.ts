/** The name that a CSI driver registers under. */
import { type FieldError, required, tooLong } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkText } from "../../field-checks.ts";

const longestName = 63;

export function validateCsiDriverName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [required(path)];
  return [
    ...(name.length > longestName ? [tooLong(path, longestName)] : []),
    ...checkText(path, name, (value) => isDns1123Subdomain(value.toLowerCase())),
  ];
}
