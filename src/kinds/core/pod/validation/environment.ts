/** Environment variables of a container, and the downward API that they share with volumes. */
import {
  type FieldError,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../../machinery/quantity.ts";
import {
  isConfigMapKey,
  isDns1123Label,
  isDns1123Subdomain,
  isEnvironmentVariableName,
  isQualifiedName,
  nameIsDnsSubdomain,
} from "../../../../machinery/validation/names.ts";
import { checkEach, checkRequiredText, checkText } from "../../../field-checks.ts";
import type {
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "../../../generated/core-v1.ts";
import { validatePathNoBacksteps } from "./paths.ts";

const environmentFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const convertibleFields = [
  ...environmentFields,
  "metadata.annotations",
  "metadata.labels",
  "spec.host",
  "status.phase",
];
const containerResources = ["cpu", "memory", "ephemeral-storage"].flatMap((name) => [
  `limits.${name}`,
  `requests.${name}`,
]);
const onlyOneSource = "may not have more than one field specified at a time";

export function validateEnvironment({ env, envFrom }: Container, path: string): FieldError[] {
  return [
    ...checkEach(env, `${path}.env`, validateVariable),
    ...checkEach(envFrom, `${path}.envFrom`, (source, place) => validateSourceOfMany(source, place, `${path}.envFrom`)),
  ];
}

function validateVariable(variable: EnvVar, path: string): FieldError[] {
  const errors = checkRequiredText(`${path}.name`, variable.name, isEnvironmentVariableName);
  const { valueFrom } = variable;
  return valueFrom === undefined ? errors : [...errors, ...validateVariableSource(valueFrom, variable.value, path)];
}

function validateVariableSource(source: EnvVarSource, value: string | undefined, variablePath: string): FieldError[] {
  const path = `${variablePath}.valueFrom`;
  const errors: FieldError[] = [];
  if (source.fieldRef) errors.push(...validateFieldReference(source.fieldRef, environmentFields, `${path}.fieldRef`));
  if (source.resourceFieldRef) {
    errors.push(...validateResourceReference(source.resourceFieldRef, `${path}.resourceFieldRef`, false));
  }
  if (source.configMapKeyRef) errors.push(...validateKeyReference(source.configMapKeyRef, `${path}.configMapKeyRef`));
  if (source.secretKeyRef) errors.push(...validateKeyReference(source.secretKeyRef, `${path}.secretKeyRef`));
  if (source.fileKeyRef) errors.push(...validateFileKeyReference(source.fileKeyRef, `${path}.fileKeyRef`));
  const sources = Object.values(source).filter((one) => one !== undefined).length;
  const names = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
  if (sources === 0) errors.push(invalidValue(path, "", `must specify one of: ${names}`));
  else if (value) errors.push(invalidValue(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalidValue(path, "", onlyOneSource));
  return errors;
}

function validateKeyReference({ name, key }: { name?: string | undefined; key: string }, path: string): FieldError[] {
  return [
    ...checkText(`${path}.name`, name, isDns1123Subdomain),
    ...checkRequiredText(`${path}.key`, key, isConfigMapKey),
  ];
}

function validateFileKeyReference({ key, volumeName, path: file }: FileKeySelector, path: string): FieldError[] {
  return [
    ...checkRequiredText(`${path}.key`, key, isEnvironmentVariableName),
    ...checkRequiredText(`${path}.volumeName`, volumeName, isDns1123Label),
    ...(file ? validatePathNoBacksteps(file, `${path}.path`) : [required(`${path}.path`)]),
  ];
}

function validateSourceOfMany(
  { prefix, configMapRef, secretRef }: EnvFromSource,
  path: string,
  list: string,
): FieldError[] {
  const errors = prefix ? checkText(`${path}.prefix`, prefix, isEnvironmentVariableName) : [];
  const nameCheck = (name: string) => nameIsDnsSubdomain(name, true);
  if (configMapRef) errors.push(...checkRequiredText(`${path}.configMapRef.name`, configMapRef.name, nameCheck));
  if (secretRef) errors.push(...checkRequiredText(`${path}.secretRef.name`, secretRef.name, nameCheck));
  if (!configMapRef && !secretRef) {
    errors.push(invalidValue(list, "", "must specify one of: `configMapRef` or `secretRef`"));
  }
  if (configMapRef && secretRef) errors.push(invalidValue(list, "", onlyOneSource));
  return errors;
}

/** `metadata.labels['key']` to its two parts. */
function splitSubscript(fieldPath: string): { path: string; subscript: string } | undefined {
  const open = fieldPath.endsWith("']") ? fieldPath.lastIndexOf("['", fieldPath.length - 4) : -1;
  return open < 1 ? undefined : { path: fieldPath.slice(0, open), subscript: fieldPath.slice(open + 2, -2) };
}

export function validateFieldReference(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
): FieldError[] {
  if (!apiVersion) return [required(`${path}.apiVersion`)];
  if (!fieldPath) return [required(`${path}.fieldPath`)];
  const conversion = conversionError(apiVersion, fieldPath);
  if (conversion !== undefined) {
    return [invalidValue(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${conversion}`)];
  }
  const split = splitSubscript(fieldPath);
  if (split !== undefined) {
    const key = split.path === "metadata.annotations" ? split.subscript.toLowerCase() : split.subscript;
    return checkText(path, key, isQualifiedName);
  }
  const internal = fieldPath === "spec.host" ? "spec.nodeName" : fieldPath;
  return supported.includes(internal) ? [] : [notSupportedInOrder(`${path}.fieldPath`, internal, supported)];
}

function conversionError(apiVersion: string, fieldPath: string): string | undefined {
  if (apiVersion !== "v1") return `unsupported pod version: ${apiVersion}`;
  const split = splitSubscript(fieldPath);
  if (split !== undefined) {
    const subscriptable = split.path === "metadata.annotations" || split.path === "metadata.labels";
    return subscriptable ? undefined : `field label does not support subscript: ${fieldPath}`;
  }
  return convertibleFields.includes(fieldPath) ? undefined : `field label not supported: ${fieldPath}`;
}

export function validateResourceReference(
  { containerName, resource, divisor }: ResourceFieldSelector,
  path: string,
  inVolume: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !containerName) errors.push(required(`${path}.containerName`));
  else if (!resource) errors.push(required(`${path}.resource`));
  else if (!containerResources.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource)) {
    errors.push(notSupportedInOrder(`${path}.resource`, resource, [...containerResources].sort()));
  }
  return [...errors, ...validateDivisor(resource ?? "", divisor, `${path}.divisor`)];
}

function validateDivisor(resource: string, divisor: string | undefined, path: string): FieldError[] {
  if (divisor === undefined || parseQuantity(divisor).isZero) return [];
  const name = resource.replace(/^(requests|limits)\./, "");
  const text = parseQuantity(divisor).toString();
  if (name === "cpu") {
    const detail = "only divisor's values 1m and 1 are supported with the cpu resource";
    return text === "1m" || text === "1" ? [] : [invalidValue(path, resource, detail)];
  }
  const label =
    name === "memory"
      ? "memory"
      : name === "ephemeral-storage"
        ? "local ephemeral storage"
        : name.startsWith("hugepages-")
          ? "hugepages"
          : undefined;
  if (label === undefined || /^1([kMGTPE]|[KMGTPE]i)?$/.test(text)) return [];
  const values = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
  return [invalidValue(path, resource, `only divisor's values ${values} are supported with the ${label} resource`)];
}
