/** ValidateAPIService. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import {
  isDns1035Label,
  isDns1123Subdomain,
  isPortNumber,
  nameIsPathSegment,
} from "../../../machinery/validation/names.ts";
import { checkText } from "../../field-checks.ts";
import type { APIService, APIServiceSpec } from "../../generated/apiregistration-v1.ts";

export const validateName = nameIsPathSegment;

export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  if (spec === undefined)
    return [required("spec.group", "only v1 may have an empty group and it better be legacy kube")];
  const { group = "", version = "", groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  const errors: FieldError[] = [];
  const name = `${version}.${group}`;
  if (metadata?.name !== name) {
    const detail = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    errors.push(invalidValue("metadata.name", metadata?.name ?? "", detail));
  }
  if (group === "" && version !== "v1") {
    errors.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  }
  if (group !== "") errors.push(...checkText("spec.group", group, isDns1123Subdomain));
  errors.push(...checkText("spec.version", version, isDns1035Label));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20000) {
    const detail = "must be positive and less than 20000";
    errors.push(invalidValue("spec.groupPriorityMinimum", groupPriorityMinimum, detail));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    errors.push(invalidValue("spec.versionPriority", versionPriority, "must be positive and less than 1000"));
  }
  return [...errors, ...validateService(spec)];
}

function validateService({ service, caBundle, insecureSkipTLSVerify: insecure }: APIServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const skip = "spec.insecureSkipTLSVerify";
  if (service === undefined) {
    if (caBundle) {
      const bytes = `${Buffer.from(caBundle, "base64").length} bytes`;
      errors.push(invalidValue("spec.caBundle", bytes, "local APIServices may not have a caBundle"));
    }
    if (insecure) errors.push(invalidValue(skip, insecure, "local APIServices may not have insecureSkipTLSVerify"));
    return errors;
  }
  if (!service.namespace) errors.push(required("spec.service.namespace"));
  if (!service.name) errors.push(required("spec.service.name"));
  const complaints = isPortNumber(service.port ?? 0);
  if (complaints.length > 0) {
    const detail = `port is not valid: ${complaints.join(", ")}`;
    errors.push(invalidValue("spec.service.port", service.port ?? 0, detail));
  }
  if (insecure && caBundle) errors.push(invalidValue(skip, insecure, "may not be true if caBundle is present"));
  return errors;
}
