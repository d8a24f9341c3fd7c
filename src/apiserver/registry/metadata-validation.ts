import type { FieldError } from "../../machinery/errors/field-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import type { ObjectMeta } from "../../machinery/meta/object.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../../machinery/validation/metadata.ts";
import { nameIsDnsSubdomain } from "../../machinery/validation/names.ts";

/** Checks of metadata that hold for every kind, with the kind's own rule for names. */
export function validateMetadata(kind: KindDefinition, metadata: ObjectMeta): FieldError[] {
  return validateObjectMeta(metadata, {
    namespaced: kind.namespaced,
    validateName: kind.validateName ?? nameIsDnsSubdomain,
  });
}

export function validateMetadataUpdate(kind: KindDefinition, metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  return [...validateMetadata(kind, metadata), ...validateObjectMetaUpdate(metadata, old)];
}
