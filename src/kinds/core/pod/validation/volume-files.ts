/** Files that a volume is made of: keys of ConfigMaps and Secrets, and fields of the pod. */
import { type FieldError, invalidValue, required } from "../../../../machinery/errors/field-error.ts";
import { checkRequired } from "../../../field-checks.ts";
import type { DownwardAPIVolumeFile, KeyToPath } from "../../../generated/core-v1.ts";
import { validateFieldReference, validateResourceReference } from "./environment.ts";
import { validateFileInVolume } from "./paths.ts";

const fileModeMessage = "must be a number between 0 and 0777 (octal), both inclusive";
const volumeFields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

export function validateMode(mode: number | undefined, path: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777) ? [invalidValue(path, mode, fileModeMessage)] : [];
}

export function validateKeyToPath({ key, path: file, mode }: KeyToPath, path: string): FieldError[] {
  return [
    ...checkRequired(`${path}.key`, key),
    ...checkRequired(`${path}.path`, file),
    ...validateFileInVolume(file ?? "", `${path}.path`),
    ...validateMode(mode, `${path}.mode`),
  ];
}

export function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef } = file;
  const errors = [
    ...checkRequired(`${path}.path`, file.path),
    ...validateFileInVolume(file.path ?? "", `${path}.path`),
  ];
  if (fieldRef) {
    errors.push(...validateFieldReference(fieldRef, volumeFields, `${path}.fieldRef`));
    const detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
    if (resourceFieldRef) errors.push(invalidValue(path, "resource", detail));
  } else if (resourceFieldRef) {
    errors.push(...validateResourceReference(resourceFieldRef, `${path}.resourceFieldRef`, true));
  } else {
    errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}
