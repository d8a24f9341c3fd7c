import { isIPv6 } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { validateAddresses } from "../../../kinds/core/service/address-validation.ts";
import { isHeadless } from "../../../kinds/core/service/headless.ts";
import type { Service, ServiceSpec } from "../../../kinds/generated/core-v1.ts";
import { type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { needsClusterIP, specOf } from "./service-fields.ts";

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
  const errors = [...validateAddresses(spec), ...reconcileWithPolicy(spec, old)];
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
