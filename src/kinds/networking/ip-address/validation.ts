/** An IPAddress is named by the address, and belongs to its parent for good. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain, isPathSegmentName } from "../../../machinery/validation/names.ts";
import { checkImmutable, checkRequiredText, checkText } from "../../field-checks.ts";
import type { IPAddress } from "../../generated/networking-v1.ts";
import { checkCanonicalIP } from "../../ip-checks.ts";

export function validateName(name: string): readonly string[] {
  return checkCanonicalIP("", name).map(({ detailMessage }) => detailMessage.slice(detailMessage.indexOf('": ') + 3));
}

export function validateIpAddress({ spec }: IPAddress): FieldError[] {
  const path = "spec.parentRef";
  const parent = spec?.parentRef;
  if (parent === undefined) return [required(path)];
  return [
    ...(parent.group ? checkText(`${path}.group`, parent.group, isDns1123Subdomain) : []),
    ...checkRequiredText(`${path}.resource`, parent.resource, isPathSegmentName),
    ...checkRequiredText(`${path}.name`, parent.name, isPathSegmentName),
    ...(parent.namespace ? checkText(`${path}.namespace`, parent.namespace, isPathSegmentName) : []),
  ];
}

export function validateIpAddressUpdate({ spec }: IPAddress, old: IPAddress): FieldError[] {
  return checkImmutable("spec.parentRef", spec?.parentRef, old.spec?.parentRef);
}
