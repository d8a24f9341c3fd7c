/** Cluster addresses and IP families of a service, and that they stay once given. */
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { checkEach, checkOptionalOneOf } from "../../field-checks.ts";
import type { ServiceSpec } from "../../generated/core-v1.ts";
import { checkIP, isIPv6Address } from "../../ip-checks.ts";

const families = ["IPv4", "IPv6"];
const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const path = "spec.clusterIPs";
const fixed = "may not change once set";

/** As validation sees it: by the whole list, for `None` beside other addresses is an error. */
export const isHeadless = ({ clusterIPs }: Pick<ServiceSpec, "clusterIPs">): boolean =>
  clusterIPs?.length === 1 && clusterIPs[0] === "None";

/** ValidateServiceClusterIPsRelatedFields. */
export function validateAddresses(spec: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName") return [];
  const { clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const errors: FieldError[] = [];
  if (clusterIP) {
    if (clusterIPs.length === 0) errors.push(required(path));
    else if (clusterIPs[0] !== clusterIP) {
      errors.push(invalidValue(path, clusterIPs, "first value must match `clusterIP`"));
    }
  } else if (clusterIPs.length > 0) {
    errors.push(invalidValue(path, clusterIPs, "must be empty when `clusterIP` is not specified"));
  }
  errors.push(
    ...checkEach(ipFamilies, "spec.ipFamilies", (family, place, index) => [
      ...(families.includes(family) ? [] : [notSupportedInOrder(place, family, families)]),
      ...(ipFamilies.indexOf(family) < index ? [duplicate(place, family)] : []),
    ]),
    ...checkOptionalOneOf("spec.ipFamilyPolicy", ipFamilyPolicy, policies),
  );
  return [...errors, ...validateClusterIPs(spec)];
}

function validateClusterIPs({ clusterIPs = [], ipFamilies = [] }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (clusterIPs[0] === "None" && clusterIPs.length > 1) {
    errors.push(invalidValue(path, clusterIPs, "'None' must be the first and only value"));
  }
  const malformed = checkEach(clusterIPs, path, (ip, place, index) =>
    index === 0 && ip === "None" ? [] : checkIP(place, ip),
  );
  errors.push(...malformed);
  if (clusterIPs.length > 2) errors.push(invalidValue(path, clusterIPs, "may only hold up to 2 values"));
  if (errors.length > 0 || isHeadless({ clusterIPs })) return errors;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(isIPv6Address)).size < 2) {
    errors.push(invalidValue(path, clusterIPs, "may specify no more than one IP for each IP family"));
  }
  for (const [index, ip] of clusterIPs.entries()) {
    const family = ipFamilies[index];
    if (family === undefined || (family === "IPv6") === isIPv6Address(ip)) continue;
    const detail = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalidValue(`${path}[${index}]`, ip, detail));
  }
  return errors;
}

export function validateAddressesUpdate(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName" || before.type === "ExternalName") return [];
  const headless = isHeadless(spec);
  const wasHeadless = isHeadless(before);
  if (headless && wasHeadless) return [];
  const errors = validateKept(spec, before, "clusterIPs", "clusterIP", "spec.clusterIPs");
  if (headless !== wasHeadless) return errors;
  return [...errors, ...validateKept(spec, before, "ipFamilies", "ipFamily", "spec.ipFamilies")];
}

/** The first stays for ever; the second may come, and go where the policy says SingleStack. */
function validateKept(
  spec: ServiceSpec,
  before: ServiceSpec,
  field: "clusterIPs" | "ipFamilies",
  singular: string,
  place: string,
): FieldError[] {
  const now = spec[field] ?? [];
  const old = before[field] ?? [];
  if (old.length === now.length) {
    return old.flatMap((value, index) =>
      value === now[index] ? [] : [invalidValue(`${place}[${field === "clusterIPs" ? index : 0}]`, now, fixed)],
    );
  }
  const errors: FieldError[] = [];
  if (old.length > now.length && now.length === 0) {
    errors.push(invalidValue(`${place}[0]`, now, `primary ${singular} can not be unset`));
  } else if (old.length > 0 && old[0] !== now[0]) {
    errors.push(invalidValue(`${place}[0]`, now, fixed));
  }
  if (old.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    const detail = `must be set to 'SingleStack' when releasing the secondary ${singular}`;
    errors.push(invalidValue("spec.ipFamilyPolicy", spec.ipFamilyPolicy, detail));
  }
  return errors;
}
