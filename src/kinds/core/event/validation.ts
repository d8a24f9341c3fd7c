/** Events in the core form: where they belong, and for the new style (with eventTime) who reports what. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain, isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkText } from "../../field-checks.ts";
import type { Event } from "../../generated/core-v1.ts";

const longestName = 128;
const longestNote = 1024;

export function validateEvent(event: Event): FieldError[] {
  return validateEventCommon(event, "reportingComponent");
}

/** `controllerField` is what the request's version calls the reporting controller. */
export function validateEventCommon(event: Event, controllerField: string): FieldError[] {
  const namespace = event.metadata?.namespace ?? "";
  const errors = [...validateNamespace(event, namespace)];
  if (event.eventTime) {
    errors.push(
      ...(event.reportingComponent ? [] : [required(controllerField)]),
      ...checkText(controllerField, event.reportingComponent, isQualifiedName),
      ...validateText("reportingInstance", event.reportingInstance, longestName),
      ...validateText("action", event.action, longestName),
      ...validateText("reason", event.reason, longestName),
    );
    if ((event.message ?? "").length > longestNote) {
      errors.push(invalidValue("message", "", `can have at most ${longestNote} characters`));
    }
  }
  return [...errors, ...checkText("namespace", namespace, isDns1123Subdomain)];
}

/** Events of cluster-scoped objects are in `default`, new ones also in `kube-system`. */
function validateNamespace({ eventTime, involvedObject }: Event, namespace: string): FieldError[] {
  const about = involvedObject?.namespace ?? "";
  const clusterScoped = eventTime ? ["default", "kube-system"] : ["", "default"];
  const fits = about === "" ? clusterScoped.includes(namespace) : !!eventTime || about === namespace;
  return fits ? [] : [invalidValue("involvedObject.namespace", about, "does not match event.namespace")];
}

function validateText(field: string, value: string | undefined, longest: number): FieldError[] {
  if (!value) return [required(field)];
  return value.length > longest ? [invalidValue(field, "", `can have at most ${longest} characters`)] : [];
}
