/** What a claim asks for; also of ephemeral volumes and a StatefulSet's claim templates. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { isDns1123Label, isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkOptionalOneOf, checkRequired, checkText, isNotPositiveMessage } from "../../field-checks.ts";
import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "../../generated/core-v1.ts";

export const supportedAccessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const supportedVolumeModes = ["Block", "Filesystem"];

export function validateAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  const errors = (modes ?? [])
    .filter((mode) => !supportedAccessModes.includes(mode))
    .map((mode) => notSupportedInOrder(path, mode, supportedAccessModes));
  const known = (modes ?? []).filter((mode) => supportedAccessModes.includes(mode));
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod")) {
    errors.push(forbiddenField(path, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const modes = `${path}.accessModes`;
  if (!spec.accessModes?.length) errors.push(required(modes, "at least 1 access mode is required"));
  errors.push(
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...validateAccessModes(spec.accessModes, modes),
  );
  const storage = spec.resources?.requests?.["storage"];
  const place = `${path}.resources[storage]`;
  if (storage === undefined) errors.push(required(place));
  else if (parseQuantity(storage).sign <= 0) errors.push(invalidValue(place, storage, isNotPositiveMessage));
  if (spec.storageClassName) {
    errors.push(...checkText(`${path}.storageClassName`, spec.storageClassName, isDns1123Subdomain));
  }
  errors.push(...checkOptionalOneOf(`${path}.volumeMode`, spec.volumeMode, supportedVolumeModes));
  if (spec.dataSource) errors.push(...validateDataSource(spec.dataSource, `${path}.dataSource`));
  if (spec.dataSourceRef) errors.push(...validateDataSource(spec.dataSourceRef, `${path}.dataSourceRef`));
  errors.push(...validateSourcesAgree(spec, path));
  if (spec.volumeAttributesClassName) {
    const field = `${path}.volumeAttributesClassName`;
    errors.push(...checkText(field, spec.volumeAttributesClassName, isDns1123Subdomain));
  }
  return errors;
}

function validateDataSource(source: TypedLocalObjectReference | TypedObjectReference, path: string): FieldError[] {
  const errors = [...checkRequired(`${path}.name`, source.name), ...checkRequired(`${path}.kind`, source.kind)];
  if (!source.apiGroup && source.kind !== "PersistentVolumeClaim") {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalidValue(path, source.kind ?? "", detail));
  }
  if (source.apiGroup) errors.push(...checkText(`${path}.apiGroup`, source.apiGroup, isDns1123Subdomain));
  const namespace = "namespace" in source ? source.namespace : undefined;
  return namespace ? [...errors, ...checkText(`${path}.namespace`, namespace, isDns1123Label)] : errors;
}

function validateSourcesAgree({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, path: string): FieldError[] {
  if (dataSource === undefined || dataSourceRef === undefined) return [];
  const field = `${path}.dataSource`;
  if (dataSourceRef.namespace) {
    return [invalidValue(path, field, "may not be specified when dataSourceRef.namespace is specified")];
  }
  const same =
    dataSource.kind === dataSourceRef.kind &&
    dataSource.name === dataSourceRef.name &&
    (dataSource.apiGroup ?? "") === (dataSourceRef.apiGroup ?? "");
  return same ? [] : [invalidValue(path, field, "must match dataSourceRef")];
}
