/** Volumes of a pod: names, one source each, and what the common sources need. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../../machinery/quantity.ts";
import { isDns1123Label, isDns1123Subdomain } from "../../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkOptionalOneOf, checkRequired, checkText } from "../../../field-checks.ts";
import type {
  EphemeralVolumeSource,
  HostPathVolumeSource,
  KeyToPath,
  NFSVolumeSource,
  Volume,
} from "../../../generated/core-v1.ts";
import { validateCsiDriverName } from "../../persistent-volume/csi-driver-name.ts";
import { validateClaimSpec } from "../../persistent-volume-claim/claim-spec-validation.ts";
import { validatePathNoBacksteps } from "./paths.ts";
import { validateProjected } from "./projected-volumes.ts";
import { validateDownwardFile, validateKeyToPath, validateMode } from "./volume-files.ts";

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** The errors, and the volumes that are good enough to be mounted. `podName` is empty for templates. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string,
  path: string,
): { errors: FieldError[]; known: ReadonlyMap<string, Volume> } {
  const known = new Map<string, Volume>();
  const created = new Set((volumes ?? []).flatMap(({ name, ephemeral }) => (ephemeral ? [`${podName}-${name}`] : [])));
  const errors = checkEach(volumes, path, (volume, place) => {
    const own = validateVolume(volume, podName, place);
    if (known.has(volume.name)) own.push(duplicate(`${place}.name`, volume.name));
    if (own.length === 0) known.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (podName !== "" && claim !== undefined && created.has(claim)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      own.push(invalidValue(`${place}.persistentVolumeClaim.claimName`, claim, detail));
    }
    return own;
  });
  return { errors, known };
}

function validateVolume(volume: Volume, podName: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const sources = Object.entries(volume).filter(([field, value]) => field !== "name" && value !== undefined);
  for (const [index, [field]] of sources.entries()) {
    const place = `${path}.${field}`;
    if (index === 0) errors.push(...validateSource(volume, podName, path));
    else errors.push(forbiddenField(place, "may not specify more than 1 volume type"));
  }
  if (sources.length === 0) errors.push(required(path, "must specify a volume type"));
  if (!volume.name) errors.push(required(`${path}.name`));
  else errors.push(...checkText(`${path}.name`, volume.name, isDns1123Label));
  return errors;
}

function validateSource(volume: Volume, podName: string, path: string): FieldError[] {
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected, persistentVolumeClaim } = volume;
  const { nfs, csi, ephemeral, image } = volume;
  if (emptyDir) return validateSizeLimit(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`);
  if (hostPath) return validateHostPath(hostPath, `${path}.hostPath`);
  if (secret) {
    return [
      ...checkRequired(`${path}.secret.secretName`, secret.secretName),
      ...validateItems(secret, `${path}.secret`),
    ];
  }
  if (configMap) {
    return [
      ...checkRequired(`${path}.configMap.name`, configMap.name),
      ...validateItems(configMap, `${path}.configMap`),
    ];
  }
  if (downwardAPI) {
    const place = `${path}.downwardAPI`;
    return [
      ...validateMode(downwardAPI.defaultMode, `${place}.defaultMode`),
      ...(downwardAPI.items ?? []).flatMap((file) => validateDownwardFile(file, place)),
    ];
  }
  if (projected) return validateProjected(projected, `${path}.projected`);
  if (persistentVolumeClaim) {
    return checkRequired(`${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName);
  }
  if (nfs) return validateNfs(nfs, `${path}.nfs`);
  if (csi) return validateInlineCsi(csi, `${path}.csi`);
  if (ephemeral) return validateEphemeral(ephemeral, volume.name, podName, path);
  if (image) {
    return [
      ...(podName === "" ? [] : checkRequired(`${path}.image.reference`, image.reference)),
      ...checkOneOf(`${path}.image.pullPolicy`, image.pullPolicy, ["Always", "IfNotPresent", "Never"]),
    ];
  }
  return [];
}

function validateSizeLimit(limit: string | undefined, path: string): FieldError[] {
  return limit !== undefined && parseQuantity(limit).sign < 0
    ? [forbiddenField(path, "SizeLimit field must be a valid resource quantity")]
    : [];
}

export function validateHostPath({ path: target, type }: HostPathVolumeSource, path: string): FieldError[] {
  return [
    ...checkRequired(`${path}.path`, target),
    ...validatePathNoBacksteps(target ?? "", `${path}.path`),
    ...checkOptionalOneOf(`${path}.type`, type, hostPathTypes),
  ];
}

export function validateNfs({ server, path: target }: NFSVolumeSource, path: string): FieldError[] {
  return [
    ...checkRequired(`${path}.server`, server),
    ...checkRequired(`${path}.path`, target),
    ...(target?.startsWith("/") ? [] : [invalidValue(`${path}.path`, target ?? "", "must be an absolute path")]),
  ];
}

function validateInlineCsi({ driver, nodePublishSecretRef }: NonNullable<Volume["csi"]>, path: string): FieldError[] {
  const errors = validateCsiDriverName(driver, `${path}.driver`);
  if (nodePublishSecretRef === undefined) return errors;
  if (!nodePublishSecretRef.name) return [...errors, required(`${path}.nodePublishSecretRef.name`)];
  return [...errors, ...checkText(`${path}.name`, nodePublishSecretRef.name, isDns1123Subdomain)];
}

function validateEphemeral(
  { volumeClaimTemplate }: EphemeralVolumeSource,
  name: string,
  podName: string,
  path: string,
): FieldError[] {
  const place = `${path}.ephemeral.volumeClaimTemplate`;
  if (volumeClaimTemplate === undefined) return [required(place)];
  const errors = validateClaimSpec(volumeClaimTemplate.spec, `${place}.spec`);
  if (podName === "" || !name) return errors;
  const claim = `${podName}-${name}`;
  for (const complaint of isDns1123Subdomain(claim)) {
    errors.push(invalidValue(`${path}.name`, name, `PVC name ${JSON.stringify(claim)}: ${complaint}`));
  }
  return errors;
}

function validateItems(
  { defaultMode, items }: { defaultMode?: number | undefined; items?: KeyToPath[] | undefined },
  path: string,
): FieldError[] {
  return [...validateMode(defaultMode, `${path}.defaultMode`), ...checkEach(items, `${path}.items`, validateKeyToPath)];
}
