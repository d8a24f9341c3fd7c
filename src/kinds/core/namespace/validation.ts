/** ValidateNamespace, ValidateNamespaceStatusUpdate. */
import { type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { foregroundFinalizer, orphanFinalizer } from "../../../machinery/meta/finalizers.ts";
import { isQualifiedName, nameIsDnsLabel } from "../../../machinery/validation/names.ts";
import { checkText } from "../../field-checks.ts";
import type { Namespace } from "../../generated/core-v1.ts";

export const validateName = nameIsDnsLabel;

export function validateNamespace({ spec }: Namespace): FieldError[] {
  return (spec?.finalizers ?? []).flatMap((finalizer) => validateNamespaceFinalizer(finalizer, "spec.finalizers"));
}

/** Also of the finalize subresource. */
export function validateNamespaceFinalizer(finalizer: string, path: string): FieldError[] {
  const errors = checkText(path, finalizer, isQualifiedName);
  const standard = ["kubernetes", orphanFinalizer, foregroundFinalizer].includes(finalizer);
  if (!finalizer.includes("/") && !standard) {
    const detail = "name is neither a standard finalizer name nor is it fully qualified";
    errors.push(invalidValue(path, finalizer, detail));
  }
  return errors;
}

export function validateNamespaceStatusUpdate({ metadata, status }: Namespace): FieldError[] {
  const deleted = metadata?.deletionTimestamp !== undefined;
  const expected = deleted ? "Terminating" : "Active";
  const phase = status?.phase ?? "";
  if (phase === expected) return [];
  const detail = `may only be '${expected}' if \`deletionTimestamp\` is ${deleted ? "not " : ""}empty`;
  return [invalidValue("status.Phase", phase, detail)];
}
