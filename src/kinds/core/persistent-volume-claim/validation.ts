/** A claim's specification, and that it stays as it is but for growth (ValidatePersistentVolumeClaimUpdate). */
import { type FieldError, forbiddenField } from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { checkImmutable } from "../../field-checks.ts";
import { describeDifference } from "../../field-difference.ts";
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { storageClassAnnotation } from "../storage-class-name.ts";
import { validateClaimSpec } from "./claim-spec-validation.ts";

export function validatePersistentVolumeClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(spec ?? {}, "spec");
}

export function validatePersistentVolumeClaimUpdate(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const before = old.spec ?? {};
  const spec = claim.spec ?? {};
  const errors: FieldError[] = [];
  const rest = withMutableFieldsOf(claim, old);
  if (!semanticEqual(rest, before)) {
    const what = "resources.requests and volumeAttributesClassName for bound claims";
    const detail = `spec is immutable after creation except ${what}\n${describeDifference(before, rest)}`;
    errors.push(forbiddenField("spec", detail));
  }
  errors.push(...validateSize(claim, old));
  errors.push(...checkImmutable("volumeMode", spec.volumeMode, before.volumeMode));
  if (old.status?.currentVolumeAttributesClassName !== undefined && !spec.volumeAttributesClassName) {
    const to = spec.volumeAttributesClassName === undefined ? "nil" : "empty string";
    const detail = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
    errors.push(forbiddenField("spec.volumeAttributesClassName", detail));
  }
  return errors;
}

function withMutableFieldsOf(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): PersistentVolumeClaimSpec {
  const spec = claim.spec ?? {};
  const before = old.spec ?? {};
  const bound = claim.status?.phase === "Bound";
  // The binder names the volume once; a default class may still be given to a claim that had none.
  const classWasUnset =
    before.storageClassName === undefined && old.metadata?.annotations?.[storageClassAnnotation] === undefined;
  const { storage, ...others } = spec.resources?.requests ?? {};
  const size = bound ? before.resources?.requests?.["storage"] : storage;
  return {
    ...spec,
    volumeName: before.volumeName || undefined,
    storageClassName: classWasUnset ? undefined : spec.storageClassName,
    resources: { ...spec.resources, requests: { ...others, ...(size === undefined ? {} : { storage: size }) } },
    volumeAttributesClassName: bound ? before.volumeAttributesClassName : spec.volumeAttributesClassName,
    ...(before.volumeName ? { volumeName: spec.volumeName } : {}),
  };
}

function validateSize(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const now = claim.spec?.resources?.requests?.["storage"];
  const before = old.spec?.resources?.requests?.["storage"];
  if (now === undefined || before === undefined || parseQuantity(now).compare(parseQuantity(before)) >= 0) return [];
  const capacity = old.status?.capacity?.["storage"];
  if (parseQuantity(now).compare(parseQuantity(capacity ?? "0")) > 0) return [];
  return [forbiddenField("spec.resources.requests.storage", "field can not be less than status.capacity")];
}
