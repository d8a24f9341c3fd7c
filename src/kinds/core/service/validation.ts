/** Services: type, ports, affinity, traffic policies (validateService). Addresses have a file of their own. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from "../../../machinery/errors/field-error.ts";
import { validateLabels } from "../../../machinery/validation/metadata.ts";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortNumber,
  isQualifiedName,
  nameIsDnsLabel,
} from "../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkOptionalOneOf, checkPortOrName, checkText } from "../../field-checks.ts";
import type { Service, ServicePort, ServiceSpec } from "../../generated/core-v1.ts";
import { checkCidr, checkIP } from "../../ip-checks.ts";
import { validateEndpointIP } from "../endpoint-ip.ts";
import { isHeadless, validateAddresses, validateAddressesUpdate } from "./address-validation.ts";
import { isExternallyAccessible } from "./strategy.ts";

/** RelaxedServiceNameValidation, on by default in 1.36, lets names start with a digit. */
export const validateName = nameIsDnsLabel;

const longestAffinity = 86400;
const needsHealthCheck = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";

export function validateService({ spec = {} }: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== "ExternalName") errors.push(required("spec.ports"));
  const first = new Map((spec.ports ?? []).toReversed().map((port) => [port.name, port]));
  errors.push(
    ...validateType(spec),
    ...checkEach(spec.ports, "spec.ports", (port, path) => validatePort(port, spec, { path, first })),
    ...validatePortsTogether(spec),
    ...validateLabels(spec.selector, "spec.selector"),
    ...checkOneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]),
    ...validateAffinity(spec),
    ...validateAddresses(spec),
    ...checkEach(spec.externalIPs, "spec.externalIPs", (ip, path) => {
      const malformed = checkIP(path, ip);
      return malformed.length > 0 ? malformed : validateEndpointIP(ip, path);
    }),
    ...checkOneOf("spec.type", spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
  );
  return [...errors, ...validateLoadBalancer(spec), ...validateTrafficPolicies(spec)];
}

function validateType({
  type,
  clusterIPs,
  ipFamilies,
  ipFamilyPolicy,
  externalName,
  ...spec
}: ServiceSpec): FieldError[] {
  if (type === "LoadBalancer" || type === "NodePort") {
    const detail = `may not be set to 'None' for ${type} services`;
    return isHeadless({ clusterIPs, ...spec }) ? [invalidValue("spec.clusterIPs[0]", "None", detail)] : [];
  }
  if (type !== "ExternalName") return [];
  const errors: FieldError[] = [];
  const detail = "may not be set for ExternalName services";
  if (clusterIPs?.length) errors.push(forbiddenField("spec.clusterIPs", detail));
  if (ipFamilies?.length) errors.push(forbiddenField("spec.ipFamilies", detail));
  if (ipFamilyPolicy !== undefined) errors.push(forbiddenField("spec.ipFamilyPolicy", detail));
  const name = (externalName ?? "").replace(/\.$/, "");
  if (name === "") return [...errors, required("spec.externalName")];
  return [...errors, ...checkText("spec.externalName", name, isDns1123Subdomain)];
}

/** `first`: of each name the first port, as a list is searched once and not for each of its items. */
function validatePort(
  port: ServicePort,
  { ports = [] }: ServiceSpec,
  { path, first }: { readonly path: string; readonly first: ReadonlyMap<string | undefined, ServicePort> },
): FieldError[] {
  const errors: FieldError[] = [];
  if (!port.name && ports.length > 1) errors.push(required(`${path}.name`));
  if (port.name) errors.push(...checkText(`${path}.name`, port.name, isDns1123Label));
  if (port.name && first.get(port.name) !== port) errors.push(duplicate(`${path}.name`, port.name));
  errors.push(...isPortNumber(port.port ?? 0).map((one) => invalidValue(`${path}.port`, port.port ?? 0, one)));
  errors.push(...checkOneOf(`${path}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]));
  errors.push(...checkPortOrName(`${path}.targetPort`, port.targetPort));
  if (port.appProtocol !== undefined) {
    errors.push(...checkText(`${path}.appProtocol`, port.appProtocol, isQualifiedName));
  }
  return errors;
}

function validatePortsTogether({ ports, type }: ServiceSpec): FieldError[] {
  const nodePorts = new Set<string>();
  const taken = new Set<string>();
  return checkEach(ports, "spec.ports", ({ nodePort, port, protocol }, path) => {
    const errors: FieldError[] = [];
    if (nodePort) {
      if (type === "ClusterIP") {
        errors.push(forbiddenField(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
      }
      if (nodePorts.has(`${protocol}/${nodePort}`)) errors.push(duplicate(`${path}.nodePort`, nodePort));
      nodePorts.add(`${protocol}/${nodePort}`);
    }
    if (taken.has(`${protocol}/${port}`)) errors.push(duplicate(path, { protocol, port }));
    taken.add(`${protocol}/${port}`);
    return errors;
  });
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const path = "spec.sessionAffinityConfig";
  if (sessionAffinity === "None") {
    const detail = "must not be set when session affinity is None";
    return sessionAffinityConfig === undefined ? [] : [forbiddenField(path, detail)];
  }
  if (sessionAffinity !== "ClientIP") return [];
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const place = `${path}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [required(place, "when session affinity type is ClientIP")];
  if (seconds > 0 && seconds <= longestAffinity) return [];
  return [invalidValue(place, seconds, `must be greater than 0 and less than ${longestAffinity}`)];
}

function validateLoadBalancer(spec: ServiceSpec): FieldError[] {
  const { type, loadBalancerSourceRanges = [], allocateLoadBalancerNodePorts, loadBalancerClass } = spec;
  const errors: FieldError[] = [];
  const balanced = type === "LoadBalancer";
  const detail = "may only be used when `type` is 'LoadBalancer'";
  if (loadBalancerSourceRanges.length > 0) {
    // Upstream spells this path with a capital letter.
    const path = "spec.LoadBalancerSourceRanges";
    if (!balanced) errors.push(forbiddenField(path, detail));
    errors.push(...checkEach(loadBalancerSourceRanges, path, (range, at) => checkCidr(at, range.trim())));
  }
  if (allocateLoadBalancerNodePorts !== undefined && !balanced) {
    errors.push(forbiddenField("spec.allocateLoadBalancerNodePorts", detail));
  }
  if (allocateLoadBalancerNodePorts === undefined && balanced) errors.push(required("allocateLoadBalancerNodePorts"));
  if (loadBalancerClass === undefined) return errors;
  return balanced
    ? [...errors, ...checkText("spec.loadBalancerClass", loadBalancerClass, isQualifiedName)]
    : [...errors, forbiddenField("spec.loadBalancerClass", detail)];
}

function validateTrafficPolicies(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy, healthCheckNodePort, internalTrafficPolicy, trafficDistribution, type } = spec;
  const errors: FieldError[] = [];
  if (isExternallyAccessible(spec)) {
    errors.push(...checkOneOf("spec.externalTrafficPolicy", externalTrafficPolicy, ["Cluster", "Local"]));
  } else if (externalTrafficPolicy) {
    const detail = "may only be set for externally-accessible services";
    errors.push(invalidValue("spec.externalTrafficPolicy", externalTrafficPolicy, detail));
  }
  if (!needsHealthCheck(spec) && healthCheckNodePort) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue("spec.healthCheckNodePort", healthCheckNodePort, detail));
  } else if (needsHealthCheck(spec) && healthCheckNodePort) {
    const complaints = isPortNumber(healthCheckNodePort);
    errors.push(...complaints.map((one) => invalidValue("spec.healthCheckNodePort", healthCheckNodePort, one)));
  }
  if (internalTrafficPolicy === undefined && type !== "ExternalName") {
    errors.push(required("spec.internalTrafficPolicy"));
  }
  const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  return [
    ...errors,
    ...checkOptionalOneOf("spec.internalTrafficPolicy", internalTrafficPolicy, ["Cluster", "Local"]),
    ...checkOptionalOneOf("spec.trafficDistribution", trafficDistribution, distributions),
  ];
}

export function validateServiceUpdate({ spec = {} }: Service, old: Service): FieldError[] {
  const before = old.spec ?? {};
  const errors = validateAddressesUpdate(spec, before);
  const balanced = spec.type === "LoadBalancer" && before.type === "LoadBalancer";
  if (balanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalidValue("spec.loadBalancerClass", spec.loadBalancerClass, "may not change once set"));
  }
  const checked = needsHealthCheck(spec) && needsHealthCheck(before);
  if (checked && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbiddenField("spec.healthCheckNodePort", "field is immutable"));
  }
  return errors;
}

export function validateServiceStatusUpdate({ spec, status }: Service): FieldError[] {
  const path = "status.loadBalancer.ingress";
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (spec?.type !== "LoadBalancer" && ingress.length > 0) {
    return [forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return checkEach(ingress, path, ({ ip, hostname, ipMode }, place) => {
    const errors = ip ? checkIP(`${place}.ip`, ip) : [];
    if (ip && ipMode === undefined) errors.push(required(`${place}.ipMode`, "must be specified when `ip` is set"));
    if (!ip && ipMode !== undefined) {
      errors.push(forbiddenField(`${place}.ipMode`, "may not be specified when `ip` is not set"));
    } else errors.push(...checkOptionalOneOf(`${place}.ipMode`, ipMode, ["Proxy", "VIP"]));
    return hostname ? [...errors, ...checkText(`${place}.hostname`, hostname, isDns1123Subdomain)] : errors;
  });
}
