/** A VolumeAttributesClass says once and for all what its parameters are. */
import { type FieldError, forbiddenField } from "../../../machinery/errors/field-error.ts";
import type { VolumeAttributesClass } from "../../generated/storage-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { validateParameters, validateProvisioner } from "../parameters-validation.ts";

export function validateVolumeAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  return [...validateProvisioner(driverName, "driverName"), ...validateParameters(parameters, false, "parameters")];
}

export function validateVolumeAttributesClassUpdate(
  now: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  const fields = ["driverName", "parameters"] as const;
  return fields
    .filter((field) => !semanticEqual(now[field], old[field]))
    .map((field) => forbiddenField(field, `updates to ${field} are forbidden.`));
}
