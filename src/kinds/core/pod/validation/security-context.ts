/** Security contexts of pods and containers. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
  tooLong,
} from "../../../../machinery/errors/field-error.ts";
import { isUserId } from "../../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkOptionalOneOf } from "../../../field-checks.ts";
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from "../../../generated/core-v1.ts";
import { validateDescendingPath } from "./paths.ts";

const longestAppArmorProfile = 4095;
const sysctlPattern = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const longestSysctl = 253;

function checkId(path: string, id: number | undefined): FieldError[] {
  return id === undefined ? [] : isUserId(id).map((complaint) => invalidValue(path, id, complaint));
}

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
): FieldError[] {
  if (context === undefined) return [];
  const { procMount, allowPrivilegeEscalation, privileged, capabilities } = context;
  const errors = [
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkOptionalOneOf(`${path}.procMount`, procMount, ["Default", "Unmasked"]),
  ];
  if (hostUsers && procMount === "Unmasked") {
    errors.push(invalidValue(`${path}.procMount`, procMount, "`hostUsers` must be false to use `Unmasked`"));
  }
  errors.push(...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`));
  if (allowPrivilegeEscalation === false) {
    const cannot = "cannot set `allowPrivilegeEscalation` to false and";
    if (privileged) errors.push(invalidValue(path, context, `${cannot} \`privileged\` to true`));
    if (capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      errors.push(invalidValue(path, context, `${cannot} \`capabilities.Add\` CAP_SYS_ADMIN`));
    }
  }
  return [...errors, ...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`)];
}

export function validatePodSecurityContext({ securityContext: context, ...spec }: PodSpec, path: string): FieldError[] {
  if (context === undefined) return [];
  const errors = [
    ...checkId(`${path}.fsGroup`, context.fsGroup),
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkEach(context.supplementalGroups, `${path}.supplementalGroups`, (id, place) => checkId(place, id)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalidValue(`${path}.shareProcessNamespace`, true, detail));
  }
  return [...errors, ...validatePolicies(context, path)];
}

function validatePolicies(context: PodSecurityContext, path: string): FieldError[] {
  return [
    ...validateSysctls(context.sysctls, `${path}.sysctls`),
    ...checkOptionalOneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
    ...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`),
    ...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`),
    ...checkOptionalOneOf(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ["Merge", "Strict"]),
    ...checkOptionalOneOf(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ["Recursive"]),
  ];
}

function validateSysctls(sysctls: readonly Sysctl[] | undefined, path: string): FieldError[] {
  const seen = new Set<string>();
  return checkEach(sysctls, path, ({ name }, place) => {
    if (!name) return [required(`${place}.name`)];
    if (name.length > longestSysctl || !new RegExp(sysctlPattern).test(name)) {
      const detail = `must have at most ${longestSysctl} characters and match regex ${sysctlPattern}`;
      return [invalidValue(`${place}.name`, name, detail)];
    }
    if (seen.has(name)) {
      const message = `Duplicate value: ${JSON.stringify(name)}`;
      const field = `${place}.name`;
      return [{ type: "FieldValueDuplicate", field, detailMessage: message, message: `${field}: ${message}` }];
    }
    seen.add(name);
    return [];
  });
}

function validateSeccompProfile(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const errors = checkOneOf(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"]);
  const place = `${path}.localhostProfile`;
  if (type === "Localhost") {
    return localhostProfile === undefined
      ? [...errors, required(place, "must be set when seccomp type is Localhost")]
      : [...errors, ...validateDescendingPath(localhostProfile, place)];
  }
  if (localhostProfile !== undefined) {
    errors.push(invalidValue(place, profile, "can only be set when seccomp type is Localhost"));
  }
  return errors;
}

function validateAppArmorProfile(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const place = `${path}.localhostProfile`;
  const missing = "must be set when AppArmor type is Localhost";
  if (type === "Localhost") {
    if (localhostProfile === undefined) return [required(place, missing)];
    if (localhostProfile.trim() !== localhostProfile) {
      return [invalidValue(place, localhostProfile, "must not be padded with whitespace")];
    }
    if (localhostProfile === "") return [required(place, missing)];
    return Buffer.byteLength(localhostProfile) > longestAppArmorProfile ? [tooLong(place, longestAppArmorProfile)] : [];
  }
  if (!type) return [required(`${path}.type`, "type is required when appArmorProfile is set")];
  if (type !== "RuntimeDefault" && type !== "Unconfined") {
    return [notSupportedInOrder(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"])];
  }
  return localhostProfile === undefined
    ? []
    : [invalidValue(place, localhostProfile, "can only be set when AppArmor type is Localhost")];
}

/** What a pod with a user namespace of its own may not share with the host. */
export function validateHostUsers({ hostUsers, hostNetwork, hostPID, hostIPC }: PodSpec, path: string): FieldError[] {
  if (hostUsers !== false) return [];
  const shared: [string, boolean | undefined][] = [
    ["hostNetwork", hostNetwork],
    ["HostPID", hostPID],
    ["HostIPC", hostIPC],
  ];
  return shared
    .filter(([, given]) => given)
    .map(([field]) => forbiddenField(`${path}.${field}`, "when `hostUsers` is false"));
}
