/** Mounts and block devices of a container: of volumes that exist, at places of their own. */
import {
  type FieldError,
  fieldNotFound,
  forbiddenField,
  invalidValue,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { checkEach, checkOptionalOneOf, checkRequired } from "../../../field-checks.ts";
import type { Container, Volume, VolumeMount } from "../../../generated/core-v1.ts";
import { validateDescendingPath } from "./paths.ts";

type Volumes = ReadonlyMap<string, Volume>;

export function validateMounts(container: Container, volumes: Volumes, path: string): FieldError[] {
  return [...validateVolumeMounts(container, volumes, path), ...validateVolumeDevices(container, volumes, path)];
}

function validateVolumeMounts(container: Container, volumes: Volumes, path: string): FieldError[] {
  const points = new Set<string>();
  const list = `${path}.volumeMounts`;
  const devices = container.volumeDevices ?? [];
  return checkEach(container.volumeMounts, list, (mount, place) => {
    const { name, mountPath, subPath, subPathExpr } = mount;
    const errors = [...checkRequired(`${place}.name`, name)];
    if (!volumes.has(name)) errors.push(fieldNotFound(`${place}.name`, name ?? ""));
    errors.push(...checkRequired(`${place}.mountPath`, mountPath));
    if (points.has(mountPath)) errors.push(invalidValue(`${place}.mountPath`, mountPath, "must be unique"));
    points.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalidValue(`${place}.name`, name, "must not already exist in volumeDevices"));
    }
    if (devices.some(({ devicePath }) => devicePath === mountPath)) {
      const detail = "must not already exist as a path in volumeDevices";
      errors.push(invalidValue(`${place}.mountPath`, mountPath, detail));
    }
    if (subPath) errors.push(...validateDescendingPath(subPath, `${list}.subPath`));
    if (subPathExpr) {
      const detail = "subPathExpr and subPath are mutually exclusive";
      if (subPath) errors.push(invalidValue(`${place}.subPathExpr`, subPathExpr, detail));
      errors.push(...validateDescendingPath(subPathExpr, `${list}.subPathExpr`));
    }
    return [...errors, ...validatePropagation(mount, container, list), ...validateRecursiveReadOnly(mount, list)];
  });
}

// Upstream names the list, not the mount, in the errors of propagation, subPath and recursiveReadOnly.
function validatePropagation({ mountPropagation }: VolumeMount, container: Container, list: string): FieldError[] {
  const path = `${list}.mountPropagation`;
  const errors = checkOptionalOneOf(path, mountPropagation, ["Bidirectional", "HostToContainer", "None"]);
  if (mountPropagation === "Bidirectional" && !container.securityContext?.privileged) {
    const detail = "Bidirectional mount propagation is available only to privileged containers";
    errors.push(forbiddenField(path, detail));
  }
  return errors;
}

function validateRecursiveReadOnly(mount: VolumeMount, list: string): FieldError[] {
  const { recursiveReadOnly, readOnly, mountPropagation } = mount;
  const path = `${list}.recursiveReadOnly`;
  if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return [];
  const errors = checkOptionalOneOf(path, recursiveReadOnly, ["Disabled", "IfPossible", "Enabled"]);
  if (errors.length > 0) return errors;
  if (!readOnly) errors.push(forbiddenField(path, "may only be specified when readOnly is true"));
  if (mountPropagation !== undefined && mountPropagation !== "None") {
    errors.push(forbiddenField(path, "may only be specified when mountPropagation is None or not specified"));
  }
  return errors;
}

function validateVolumeDevices(container: Container, volumes: Volumes, path: string): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  return checkEach(container.volumeDevices, `${path}.volumeDevices`, ({ name, devicePath }, place) => {
    const errors = [...checkRequired(`${place}.name`, name)];
    const complain = (field: string, value: string, detail: string) =>
      errors.push(invalidValue(`${place}.${field}`, value, detail));
    if (names.has(name)) complain("name", name, "must be unique");
    const volume = volumes.get(name);
    if (volume === undefined) errors.push(fieldNotFound(`${place}.name`, name ?? ""));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      complain("name", name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (!devicePath) errors.push(required(`${place}.devicePath`));
    else if (paths.has(devicePath)) complain("devicePath", devicePath, "must be unique");
    if (devicePath?.split("/").includes("..")) complain("devicePath", devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) complain("name", name, "must not already exist in volumeMounts");
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      complain("devicePath", devicePath, "must not already exist as a path in volumeMounts");
    }
    names.add(name);
    return errors;
  });
}
