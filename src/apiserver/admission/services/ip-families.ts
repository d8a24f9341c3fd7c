import { isIP, isIPv6 } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Service, ServiceSpec } from "../../../kinds/generated/core-v1.ts";
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from "../../../machinery/errors/field-error.ts";
import { isHeadless, needsClusterIP, specOf } from "./service-fields.ts";

const families = ["IPv4", "IPv6"];
const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];

/**
 * Defaults ipFamilyPolicy and ipFamilies on a cluster that has IPv4 alone, and checks them with clusterIPs (upstream's
 * initIPFamilyFields). Mutates the service; returns the errors.
 */
export function initializeIPFamilies(service: Service, oldService: Service | undefined): FieldError[] {
  const spec = specOf(service);
  const old = oldService && specOf(oldService);
  if (!needsClusterIP(spec)) return [];
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??=
    old?.ipFamilyPolicy ?? (isHeadless(spec) && selectorless ? "RequireDualStack" : "SingleStack");
  const errors = [...checkFields(spec), ...reconcileWithPolicy(spec, old)];
  if (errors.length > 0) return errors;

  if (isHeadless(spec) && selectorless) {
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : ["IPv4"];
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== "SingleStack") {
      spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === "IPv4" ? "IPv6" : "IPv4"];
    }
    return [];
  }
  if (spec.ipFamilyPolicy === "RequireDualStack") {
    const message = "this cluster is not configured for dual-stack services";
    errors.push(invalidValue("spec.ipFamilyPolicy", spec.ipFamilyPolicy, message));
  }
  spec.ipFamilies?.forEach((family, index) => {
    if (family !== "IPv4") {
      errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
    }
  });
  if (errors.length === 0 && !spec.ipFamilies?.length) spec.ipFamilies = ["IPv4"];
  return errors;
}

/** ValidateServiceClusterIPsRelatedFields. */
function checkFields(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (addresses.length === 0) errors.push(required("spec.clusterIPs"));
    else if (addresses[0] !== spec.clusterIP) {
      errors.push(invalidValue("spec.clusterIPs", addresses, "first value must match `clusterIP`"));
    }
  } else if (addresses.length > 0) {
    errors.push(invalidValue("spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified"));
  }
  const seen = new Set<string>();
  spec.ipFamilies?.forEach((family, index) => {
    if (!families.includes(family)) errors.push(notSupported(`spec.ipFamilies[${index}]`, family, families));
    if (seen.has(family)) errors.push(duplicate(`spec.ipFamilies[${index}]`, family));
    seen.add(family);
  });
  if (spec.ipFamilyPolicy !== undefined && !policies.includes(spec.ipFamilyPolicy)) {
    errors.push(notSupported("spec.ipFamilyPolicy", spec.ipFamilyPolicy, policies));
  }
  return [...errors, ...checkAddresses(addresses, spec)];
}

function checkAddresses(addresses: readonly string[], spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  addresses.forEach((address, index) => {
    if (index === 0 && address === "None") {
      if (addresses.length > 1) {
        errors.push(invalidValue("spec.clusterIPs", addresses, "'None' must be the first and only value"));
      }
    } else if (isIP(address) === 0) {
      const message = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, address, message));
    }
  });
  if (addresses.length > 2) errors.push(invalidValue("spec.clusterIPs", addresses, "may only hold up to 2 values"));
  if (errors.length > 0) return errors;
  if (addresses.length > 1 && new Set(addresses.map(isIPv6)).size < 2) {
    errors.push(invalidValue("spec.clusterIPs", addresses, "may specify no more than one IP for each IP family"));
  }
  if (isHeadless(spec)) return errors;
  addresses.forEach((address, index) => {
    const expected = spec.ipFamilies?.[index];
    if (expected !== undefined && expected !== (isIPv6(address) ? "IPv6" : "IPv4")) {
      const message = `expected an ${expected} value as indicated by \`ipFamilies[${index}]\``;
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, address, message));
    }
  });
  return errors;
}

function reconcileWithPolicy(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (old && (spec.clusterIPs?.length ?? 0) > 1 && isDeepStrictEqual(old.clusterIPs, spec.clusterIPs)) {
      spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    }
    if (old && (spec.ipFamilies?.length ?? 0) > 1 && isDeepStrictEqual(old.ipFamilies, spec.ipFamilies)) {
      spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    }
    const message = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (spec.clusterIPs?.length === 2) {
      errors.push(invalidValue("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `${message} cluster IPs are specified`));
    }
    if (spec.ipFamilies?.length === 2) {
      errors.push(invalidValue("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `${message} IP families are specified`));
    }
  }
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === "None" || index < (spec.ipFamilies?.length ?? 0)) continue;
    if (isIPv6(address)) {
      const message = "IPv6 is not configured on this cluster";
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, spec.clusterIPs, message));
    } else spec.ipFamilies = [...(spec.ipFamilies ?? []), "IPv4"];
  }
  return errors;
}
