/** ValidateCSIDriver, ValidateCSIDriverUpdate. */
import { duplicate, type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkEach, checkImmutable, checkOptionalOneOf } from "../../field-checks.ts";
import type { CSIDriver, TokenRequest } from "../../generated/storage-v1.ts";

const shortestToken = 600;
const longestToken = 2 ** 32;
const longestName = 63;

export function validateName(name: string): readonly string[] {
  const long = name.length > longestName ? [`must be no more than ${longestName} characters`] : [];
  return [...long, ...isDns1123Subdomain(name.toLowerCase())];
}

export function validateCsiDriver({ spec = {} }: CSIDriver): FieldError[] {
  const policies = ["File", "None", "ReadWriteOnceWithFSType"];
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  const errors = [
    ...checkOptionalOneOf("spec.fsGroupPolicy", spec.fsGroupPolicy, policies),
    ...validateTokens(spec.tokenRequests, "spec.tokenRequests"),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) =>
      checkOptionalOneOf("spec.volumeLifecycleModes", mode, ["Persistent", "Ephemeral"]),
    ),
  ];
  if (period !== undefined && period < 10) {
    const detail = "must be greater than or equal to 10 seconds";
    errors.push(invalidValue("spec.nodeAllocatableUpdatePeriodSeconds", period, detail));
  }
  return errors;
}

function validateTokens(requests: readonly TokenRequest[] | undefined, path: string): FieldError[] {
  const audiences = new Set<string>();
  return checkEach(requests, path, ({ audience, expirationSeconds: seconds }, place) => {
    if (audiences.has(audience)) return [duplicate(`${place}.audience`, audience)];
    audiences.add(audience);
    if (seconds === undefined) return [];
    const field = `${place}.expirationSeconds`;
    if (seconds < shortestToken)
      return [invalidValue(field, seconds, "may not specify a duration less than 10 minutes")];
    const detail = "may not specify a duration larger than 2^32 seconds";
    return seconds > longestToken ? [invalidValue(field, seconds, detail)] : [];
  });
}

export function validateCsiDriverUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    // Upstream spells this path so.
    ...checkImmutable("spec.attachedRequired", spec?.attachRequired, old.spec?.attachRequired),
    ...checkImmutable("spec.volumeLifecycleModes", spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes),
  ];
}
