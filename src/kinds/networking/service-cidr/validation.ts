/** One or two ranges of service addresses, of one family each. What is there stays; a second may come. */
import { type FieldError, immutableMessage, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkEach } from "../../field-checks.ts";
import type { ServiceCIDR } from "../../generated/networking-v1.ts";
import { checkCanonicalCidr } from "../../ip-checks.ts";
import { parsePrefix } from "../../ip-prefix.ts";

const path = "spec.cidrs";

export function validateServiceCIDR({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(path, "at least one CIDR required")];
  if (cidrs.length > 2) return [invalidValue(path, spec, "may only hold up to 2 values")];
  const errors = checkEach(cidrs, path, (cidr, place) => checkCanonicalCidr(place, cidr));
  const [first, second] = cidrs.map((cidr) => parsePrefix(cidr)?.family);
  if (first !== undefined && first === second) {
    const detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    errors.push(invalidValue(path, cidrs, detail));
  }
  return errors;
}

export function validateServiceCIDRUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const now = object.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const becomesDualStack = before.length === 1 && now.length === 2;
  if (now.length !== before.length && !becomesDualStack) return [invalidValue(path, now, immutableMessage)];
  const changed = before.flatMap((cidr, index) =>
    cidr === now[index] ? [] : [invalidValue(`${path}[${index}]`, now[index], immutableMessage)],
  );
  return becomesDualStack ? [...changed, ...validateServiceCIDR(object)] : changed;
}
