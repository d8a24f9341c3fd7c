/** Checks of metadata that hold for every kind: apimachinery's pkg/api/validation of ObjectMeta, with its messages. */
import {
  type FieldError,
  forbiddenField,
  immutableMessage,
  invalidValue,
  required,
  tooLong,
} from "../errors/field-error.ts";
import { foregroundFinalizer, orphanFinalizer } from "../meta/finalizers.ts";
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../meta/object.ts";
import { parseApiVersion } from "../meta/object.ts";
import { isLabelValue, isQualifiedName, nameIsDnsLabel } from "./names.ts";

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  /** Complaints about a name; `prefix` for generateName. */
  validateName(name: string, prefix: boolean): readonly string[];
}

const maximumAnnotationBytes = 256 * 1024;

/** On creation, after a name was generated; `path` is where the metadata is. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules, path = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "", generateName = "", namespace = "", generation = 0 } = meta;
  if (generateName !== "") {
    for (const complaint of rules.validateName(generateName, true)) {
      errors.push(invalidValue(`${path}.generateName`, generateName, complaint));
    }
  }
  if (name === "") errors.push(required(`${path}.name`, "name or generateName is required"));
  else
    for (const complaint of rules.validateName(name, false)) errors.push(invalidValue(`${path}.name`, name, complaint));
  if (!rules.namespaced) {
    if (namespace !== "") errors.push(forbiddenField(`${path}.namespace`, "not allowed on this type"));
  } else if (namespace === "") errors.push(required(`${path}.namespace`));
  else {
    for (const complaint of nameIsDnsLabel(namespace, false)) {
      errors.push(invalidValue(`${path}.namespace`, namespace, complaint));
    }
  }
  if (generation < 0) errors.push(invalidValue(`${path}.generation`, generation, "must be greater than or equal to 0"));
  errors.push(...validateCommon(meta, path), ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`));
  return errors;
}

/** On update: what may not change, and the new labels, annotations, owners and managed fields. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`;
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
      errors.push(forbiddenField(`${path}.finalizers`, detail));
    }
  }
  if ((meta.resourceVersion ?? "") === "") {
    errors.push(invalidValue(`${path}.resourceVersion`, "", "must be specified for an update"));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue(`${path}.generation`, meta.generation ?? 0, "must not be decremented"));
  }
  for (const field of immutableFields) {
    if ((meta[field] ?? "") !== (old[field] ?? "")) {
      const shown = meta[field] ?? (field.endsWith("Seconds") || field.endsWith("Timestamp") ? undefined : "");
      errors.push(invalidValue(`${path}.${field}`, shown, immutableMessage));
    }
  }
  errors.push(...validateCommon(meta, path));
  return errors;
}

const immutableFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

function validateCommon(meta: ObjectMeta, path: string): FieldError[] {
  return [
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateManagedFields(meta.managedFields ?? [], `${path}.managedFields`),
  ];
}

/** Keys and values of a set of labels. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    const value = labels[key] as string;
    for (const complaint of isQualifiedName(key)) errors.push(invalidValue(path, key, complaint));
    for (const complaint of isLabelValue(value)) errors.push(invalidValue(path, value, complaint));
  }
  return errors;
}

/** Keys (letter case does not matter) and the total size of annotations. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in annotations) {
    for (const complaint of isQualifiedName(key.toLowerCase())) errors.push(invalidValue(path, key, complaint));
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] as string);
  }
  if (size > maximumAnnotationBytes) errors.push(tooLong(path, maximumAnnotationBytes));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = "";
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference, path));
    if (reference.controller !== true) continue;
    const current = `${reference.kind}/${reference.name}`;
    if (controller !== "") {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
      errors.push(invalidValue(path, references, detail));
    } else controller = current;
  }
  return errors;
}

function validateOwnerReference(reference: OwnerReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion = "", kind = "", name = "", uid = "" } = reference;
  const { version } = parseApiVersion(apiVersion);
  if (version === "") errors.push(invalidValue(`${path}.apiVersion`, apiVersion, "version must not be empty"));
  if (kind === "") errors.push(invalidValue(`${path}.kind`, kind, "must not be empty"));
  if (name === "") errors.push(invalidValue(`${path}.name`, name, "must not be empty"));
  if (uid === "") errors.push(invalidValue(`${path}.uid`, uid, "must not be empty"));
  if (apiVersion === "v1" && kind === "Event") {
    errors.push(invalidValue(path, reference, "/v1, Kind=Event is disallowed from being an owner"));
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) =>
    isQualifiedName(finalizer).map((complaint) => invalidValue(path, finalizer, complaint)),
  );
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const detail = `finalizer ${foregroundFinalizer} and ${orphanFinalizer} cannot be both set`;
    errors.push(invalidValue(path, finalizers, detail));
  }
  return errors;
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], path: string): FieldError[] {
  return entries.flatMap((entry, index) => {
    const errors: FieldError[] = [];
    const at = `${path}[${index}]`;
    const { operation = "", fieldsType = "", manager = "", subresource = "" } = entry;
    if (operation !== "Apply" && operation !== "Update") {
      errors.push(invalidValue(`${at}.operation`, operation, "must be `Apply` or `Update`"));
    }
    if (fieldsType !== "" && fieldsType !== "FieldsV1") {
      errors.push(invalidValue(`${at}.fieldsType`, fieldsType, "must be `FieldsV1`"));
    }
    errors.push(...validateFieldManager(manager, `${at}.manager`));
    if (Buffer.byteLength(subresource) > 256) errors.push(tooLong(`${at}.subresource`, 256));
    return errors;
  });
}

/** The fieldManager of a write: at most 128 bytes, all printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > 128) errors.push(tooLong(path, 128));
  let position = 0;
  for (const character of manager) {
    if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) {
      const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
      errors.push(invalidValue(path, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}
