/** An IPAddress is named by the address, and belongs to its parent for good. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { isPathSegmentName } from "../../../machinery/validation/names.ts";
import { checkImmutable, checkRequiredText } from "../../field-checks.ts";
import type { IPAddress } from "../../generated/networking-v1.ts";
import { checkIP } from "../../ip-checks.ts";

export function validateName(name: string): readonly string[] {
  return checkIP("", name).map(({ detailMessage }) => detailMessage.slice(detailMessage.indexOf('": ') + 3));
}

export function validateIpAddress({ spec }: IPAddress): FieldError[] {
  const parent = spec?.parentRef;
  if (parent === undefined) return [required("spec.parentRef")];
  return [
    ...checkRequiredText("spec.parentRef.resource", parent.resource, isPathSegmentName),
    ...checkRequiredText("spec.parentRef.name", parent.name, isPathSegmentName),
  ];
}

export function validateIpAddressUpdate({ spec }: IPAddress, old: IPAddress): FieldError[] {
  return checkImmutable("spec.parentRef", spec?.parentRef, old.spec?.parentRef);
}
