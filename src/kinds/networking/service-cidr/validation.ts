/** One or two ranges of service addresses, of one family each; the first never changes. */
import { type FieldError, immutableMessage, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkEach } from "../../field-checks.ts";
import type { ServiceCIDR } from "../../generated/networking-v1.ts";
import { checkCidr, isIPv6Address } from "../../ip-checks.ts";

const path = "spec.cidrs";

export function validateServiceCIDR({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  const errors: FieldError[] = [];
  if (cidrs.length === 0) errors.push(required(path, "at least one CIDR required"));
  if (cidrs.length > 2) return [invalidValue(path, spec, "may only hold up to 2 values")];
  errors.push(...checkEach(cidrs, path, (cidr, place) => checkCidr(place, cidr)));
  const families = new Set(cidrs.map((cidr) => isIPv6Address(cidr.split("/")[0] ?? "")));
  if (cidrs.length === 2 && families.size === 1) {
    const detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    errors.push(invalidValue(path, cidrs, detail));
  }
  return errors;
}

export function validateServiceCIDRUpdate({ spec }: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const now = spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const grows = before.length === 1 && now.length === 2;
  if (now.length !== before.length && !grows) return [invalidValue(path, now, immutableMessage)];
  return before.flatMap((cidr, index) =>
    cidr === now[index] ? [] : [invalidValue(`${path}[${index}]`, now[index], immutableMessage)],
  );
}
