/** Paths inside volumes: relative, and never out of them. */
import { type FieldError, invalidValue } from "../../../../machinery/errors/field-error.ts";

export function validatePathNoBacksteps(target: string, path: string): FieldError[] {
  return target.split("/").includes("..") ? [invalidValue(path, target, "must not contain '..'")] : [];
}

export function validateDescendingPath(target: string, path: string): FieldError[] {
  const absolute = target.startsWith("/") ? [invalidValue(path, target, "must be a relative path")] : [];
  return [...absolute, ...validatePathNoBacksteps(target, path)];
}

/** As above, and with no name that the kubelet's atomic writer keeps for itself (`..data`). */
export function validateFileInVolume(target: string, path: string): FieldError[] {
  const errors = validateDescendingPath(target, path);
  if (target.startsWith("..") && !target.startsWith("../")) {
    errors.push(invalidValue(path, target, "must not start with '..'"));
  }
  return errors;
}
