/** ValidateIngress: hosts, paths, backends and TLS. */
import { isIP } from "node:net";
import { type FieldError, invalidValue, notSupportedInOrder, required } from "../../../machinery/errors/field-error.ts";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isPortName,
  isPortNumber,
  isWildcardDns1123Subdomain,
} from "../../../machinery/validation/names.ts";
import { checkEach, checkRequiredText, checkText } from "../../field-checks.ts";
import type { TypedLocalObjectReference } from "../../generated/core-v1.ts";
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
} from "../../generated/networking-v1.ts";

const classAnnotation = "kubernetes.io/ingress.class";
const badSequences = ["//", "/./", "/../", "%2f", "%2F"];
const badEndings = ["/..", "/."];

export function validateIngress({ metadata, spec = {} }: Ingress): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.rules?.length && spec.defaultBackend === undefined) {
    errors.push(invalidValue("spec", spec.rules, "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, "spec.defaultBackend"));
  errors.push(
    ...checkEach(spec.rules, "spec.rules", validateRule),
    ...checkEach(spec.tls, "spec.tls", ({ hosts, secretName }, path) => [
      ...checkEach(hosts, `${path}.hosts`, (host, place) => checkHost(place, host)),
      ...(secretName ? checkText(`${path}.secretName`, secretName, isDns1123Subdomain) : []),
    ]),
  );
  const { ingressClassName } = spec;
  if (ingressClassName === undefined) return errors;
  errors.push(...checkText("spec.ingressClassName", ingressClassName, isDns1123Subdomain));
  const annotation = metadata?.annotations?.[classAnnotation];
  if (annotation !== undefined && annotation !== ingressClassName && !metadata?.resourceVersion) {
    const detail = "must match `ingressClassName` when both are specified";
    errors.push(invalidValue(`annotations.${classAnnotation}`, annotation, detail));
  }
  return errors;
}

const checkHost = (path: string, host: string): FieldError[] =>
  checkText(path, host, host.includes("*") ? isWildcardDns1123Subdomain : isDns1123Subdomain);

function validateRule({ host, http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (host) {
    if (isIP(host) !== 0) errors.push(invalidValue(`${path}.host`, host, "must be a DNS name, not an IP address"));
    errors.push(...checkHost(`${path}.host`, host));
  }
  if (http === undefined) return errors;
  if (!http.paths?.length) return [...errors, required(`${path}.http.paths`)];
  return [...errors, ...checkEach(http.paths, `${path}.http.paths`, validatePath)];
}

function validatePath({ path: url = "", pathType, backend }: HTTPIngressPath, path: string): FieldError[] {
  if (pathType === undefined) return [required(`${path}.pathType`, "pathType must be specified")];
  const place = `${path}.path`;
  const errors: FieldError[] = [];
  const absolute = url.startsWith("/") ? [] : [invalidValue(place, url, "must be an absolute path")];
  if (pathType === "Exact" || pathType === "Prefix") {
    errors.push(...absolute);
    const sequences = badSequences.filter((one) => url.includes(one));
    const endings = badEndings.filter((one) => url.endsWith(one));
    errors.push(...sequences.map((one) => invalidValue(place, url, `must not contain '${one}'`)));
    errors.push(...endings.map((one) => invalidValue(place, url, `cannot end with '${one}'`)));
  } else if (pathType === "ImplementationSpecific") {
    if (url !== "") errors.push(...absolute);
  } else {
    errors.push(notSupportedInOrder(`${path}.pathType`, pathType, ["Exact", "ImplementationSpecific", "Prefix"]));
  }
  return [...errors, ...validateBackend(backend ?? {}, `${path}.backend`)];
}

function validateBackend({ resource, service }: IngressBackend, path: string): FieldError[] {
  if (resource && service) return [invalidValue(path, "", "cannot set both resource and service backends")];
  if (resource) return validateReference(resource, `${path}.resource`);
  if (!service) return [invalidValue(path, "", "resource or service backend is required")];
  return [
    ...checkRequiredText(`${path}.service.name`, service.name, isDns1123Label),
    ...validateServicePort(service, path),
  ];
}

function validateServicePort({ port }: IngressServiceBackend, path: string): FieldError[] {
  const { name, number } = port ?? {};
  if (name && number) return [invalidValue(path, "", "cannot set both port name & port number")];
  if (name) return checkText(`${path}.service.port.name`, name, isPortName);
  if (number) return isPortNumber(number).map((one) => invalidValue(`${path}.service.port.number`, number, one));
  return [required(path, "port name or number is required")];
}

function validateReference({ apiGroup, kind, name }: TypedLocalObjectReference, path: string): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : checkText(`${path}.apiGroup`, apiGroup, isDns1123Subdomain)),
    ...checkRequiredText(`${path}.kind`, kind, isPathSegmentName),
    ...checkRequiredText(`${path}.name`, name, isPathSegmentName),
  ];
}
