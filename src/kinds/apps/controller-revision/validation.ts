/** A ControllerRevision is a snapshot: its data never changes. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { checkImmutable, checkNonNegative } from "../../field-checks.ts";
import type { ControllerRevision } from "../../generated/apps-v1.ts";

export function validateControllerRevision({ data, revision }: ControllerRevision): FieldError[] {
  return [
    ...(data === undefined ? [required("data", "data is mandatory")] : []),
    ...checkNonNegative("revision", revision),
  ];
}

export function validateControllerRevisionUpdate({ data }: ControllerRevision, old: ControllerRevision): FieldError[] {
  return checkImmutable("data", data, old.data);
}
