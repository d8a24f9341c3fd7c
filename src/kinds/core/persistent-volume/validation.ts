/** Persistent volumes: capacity, modes, one source, and that the source stays (ValidatePersistentVolume, …Update). */
import {
  type FieldError,
  forbiddenField,
  immutableMessage,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import {
  checkImmutable,
  checkOptionalOneOf,
  checkRequired,
  checkText,
  isNotPositiveMessage,
} from "../../field-checks.ts";
import { describeDifference } from "../../field-difference.ts";
import type { PersistentVolume, PersistentVolumeSpec } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { supportedVolumeModes, validateAccessModes } from "../persistent-volume-claim/claim-spec-validation.ts";
import { validateNodeSelector } from "../pod/validation/affinity.ts";
import { validatePathNoBacksteps } from "../pod/validation/paths.ts";
import { validateHostPath, validateNfs } from "../pod/validation/volumes.ts";
import { validateCsiDriverName } from "./csi-driver-name.ts";

const sources = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
] as const;

export function validatePersistentVolume({ spec = {} }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required("spec.accessModes"));
  errors.push(...validateAccessModes(spec.accessModes, "spec.accessModes"), ...validateCapacity(spec));
  if (spec.persistentVolumeReclaimPolicy) {
    const policies = ["Delete", "Recycle", "Retain"];
    const field = "spec.persistentVolumeReclaimPolicy";
    errors.push(...checkOptionalOneOf(field, spec.persistentVolumeReclaimPolicy, policies));
  }
  if (spec.nodeAffinity !== undefined) {
    const { required: selector } = spec.nodeAffinity;
    if (selector) errors.push(...validateNodeSelector(selector, "spec.nodeAffinity.required"));
    else errors.push(required("spec.nodeAffinity.required", "must specify required node constraints"));
  }
  return [...errors, ...validateSources(spec), ...validateClasses(spec)];
}

function validateCapacity({ capacity }: PersistentVolumeSpec): FieldError[] {
  const names = Object.keys(capacity ?? {});
  const errors = names.length === 0 ? [required("spec.capacity")] : [];
  if (!names.includes("storage") || names.length > 1) {
    errors.push(notSupportedInOrder("spec.capacity", capacity, ["storage"]));
  }
  for (const [name, amount] of Object.entries(capacity ?? {})) {
    if (parseQuantity(amount).sign > 0) continue;
    errors.push(invalidValue(`spec.capacity[${name}]`, amount, isNotPositiveMessage));
  }
  return errors;
}

function validateSources(spec: PersistentVolumeSpec): FieldError[] {
  const [first, ...others] = sources.filter((field) => spec[field] !== undefined);
  if (first === undefined) return [required("spec", "must specify a volume type")];
  const errors = validateSource(spec);
  for (const field of others) errors.push(forbiddenField(`spec.${field}`, "may not specify more than 1 volume type"));
  const root = spec.hostPath !== undefined && /^\/+(\.\/*)*$/.test(spec.hostPath.path);
  if (root && spec.persistentVolumeReclaimPolicy === "Recycle") {
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbiddenField("spec.persistentVolumeReclaimPolicy", detail));
  }
  return errors;
}

function validateSource({ hostPath, nfs, local, csi, nodeAffinity }: PersistentVolumeSpec): FieldError[] {
  if (hostPath) return validateHostPath(hostPath, "spec.hostPath");
  if (nfs) return validateNfs(nfs, "spec.nfs");
  if (local) {
    const errors = [
      ...checkRequired("spec.local.path", local.path),
      ...validatePathNoBacksteps(local.path ?? "", "spec.local.path"),
    ];
    return nodeAffinity === undefined
      ? [...errors, required("spec.nodeAffinity", "Local volume requires node affinity")]
      : errors;
  }
  if (csi) {
    return [
      ...validateCsiDriverName(csi.driver, "spec.csi.driver"),
      ...checkRequired("spec.csi.volumeHandle", csi.volumeHandle),
    ];
  }
  return [];
}

function validateClasses({
  storageClassName,
  volumeMode,
  volumeAttributesClassName,
  csi,
}: PersistentVolumeSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (storageClassName) errors.push(...checkText("spec.storageClassName", storageClassName, isDns1123Subdomain));
  errors.push(...checkOptionalOneOf("spec.volumeMode", volumeMode, supportedVolumeModes));
  if (volumeAttributesClassName === undefined) return errors;
  const field = "spec.volumeAttributesClassName";
  if (volumeAttributesClassName === "") errors.push(required(field, "an empty string is disallowed"));
  else errors.push(...checkText(field, volumeAttributesClassName, isDns1123Subdomain));
  if (csi === undefined) {
    errors.push(required("spec.csi", "has to be specified when using volumeAttributesClassName"));
  }
  return errors;
}

export function validatePersistentVolumeUpdate({ spec = {} }: PersistentVolume, old: PersistentVolume): FieldError[] {
  const before = old.spec ?? {};
  const sourceOf = (one: PersistentVolumeSpec) => Object.fromEntries(sources.map((field) => [field, one[field]]));
  const errors: FieldError[] = [];
  const now = sourceOf(spec);
  // A secret for expansion may be added to a volume that had none.
  if (spec.csi !== undefined && before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _added, ...csi } = spec.csi;
    now["csi"] = csi;
  }
  if (!semanticEqual(now, sourceOf(before))) {
    const difference = describeDifference(sourceOf(before), now);
    const detail = `spec.persistentvolumesource is immutable after creation\n${difference}`;
    errors.push(forbiddenField("spec.persistentvolumesource", detail));
  }
  errors.push(...checkImmutable("volumeMode", spec.volumeMode, before.volumeMode));
  if (before.nodeAffinity !== undefined && !semanticEqual(spec.nodeAffinity, before.nodeAffinity)) {
    const detail = `${immutableMessage}, except for updating from beta label to GA`;
    errors.push(invalidValue("nodeAffinity", spec.nodeAffinity, detail));
  }
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    const detail = "update from non-nil value to nil is forbidden";
    errors.push(forbiddenField("spec.volumeAttributesClassName", detail));
  }
  return errors;
}
