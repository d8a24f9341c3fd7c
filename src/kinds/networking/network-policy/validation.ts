/** ValidateNetworkPolicy: ports, peers and IP blocks of ingress and egress rules. */
import { isIPv4 } from "node:net";
import { type FieldError, forbiddenField, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { isPortName, isPortNumber } from "../../../machinery/validation/names.ts";
import { checkEach, checkOptionalOneOf, checkText } from "../../field-checks.ts";
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../../generated/networking-v1.ts";
import { checkCidr } from "../../ip-checks.ts";

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  if (spec === undefined) return [];
  const errors = [
    ...validateLabelSelector(spec.podSelector, "spec.podSelector"),
    ...checkEach(spec.ingress, "spec.ingress", ({ ports, from }, path) => [
      ...checkEach(ports, `${path}.ports`, validatePort),
      ...checkEach(from, `${path}.from`, validatePeer),
    ]),
    ...checkEach(spec.egress, "spec.egress", ({ ports, to }, path) => [
      ...checkEach(ports, `${path}.ports`, validatePort),
      ...checkEach(to, `${path}.to`, validatePeer),
    ]),
  ];
  const types = spec.policyTypes ?? [];
  if (types.length > 2) {
    return [...errors, invalidValue("spec.policyTypes", types, "may not specify more than two policyTypes")];
  }
  return [
    ...errors,
    ...checkEach(types, "spec.policyTypes", (type, path) => checkOptionalOneOf(path, type, ["Ingress", "Egress"])),
  ];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors = checkOptionalOneOf(`${path}.protocol`, protocol, ["TCP", "UDP", "SCTP"]);
  const end = `${path}.endPort`;
  if (typeof port === "number") {
    errors.push(...isPortNumber(port).map((one) => invalidValue(`${path}.port`, port, one)));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalidValue(end, port, "must be greater than or equal to `port`"));
    return [...errors, ...isPortNumber(endPort).map((one) => invalidValue(end, endPort, one))];
  }
  if (endPort !== undefined) {
    const state = port === undefined ? "not specified" : "non-numeric";
    errors.push(invalidValue(end, endPort, `may not be specified when \`port\` is ${state}`));
  }
  return port === undefined ? errors : [...errors, ...checkText(`${path}.port`, port, isPortName)];
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock === undefined ? [] : validateBlock(ipBlock, `${path}.ipBlock`)),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(path, "must specify a peer"));
  if (selects && ipBlock !== undefined) {
    errors.push(forbiddenField(path, "may not specify both ipBlock and another peer"));
  }
  return errors;
}

function validateBlock({ cidr, except }: IPBlock, path: string): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  const errors = checkCidr(`${path}.cidr`, cidr);
  if (errors.length > 0) return errors;
  return checkEach(except, `${path}.except`, (inner, place) => {
    const malformed = checkCidr(place, inner);
    if (malformed.length > 0 || isStrictSubset(inner, cidr)) return malformed;
    return [invalidValue(place, inner, "must be a strict subset of `cidr`")];
  });
}

function isStrictSubset(inner: string, outer: string): boolean {
  const [innerBits, innerLength] = bitsOf(inner);
  const [outerBits, outerLength] = bitsOf(outer);
  if (innerBits.length !== outerBits.length || innerLength <= outerLength) return false;
  return innerBits.slice(0, outerLength) === outerBits.slice(0, outerLength);
}

/** The address as a text of binary digits, and the length of the prefix. */
function bitsOf(cidr: string): [string, number] {
  const [address = "", length] = cidr.split("/");
  const groups = isIPv4(address)
    ? address.split(".").map((part) => Number(part).toString(2).padStart(8, "0"))
    : expandIPv6(address).map((part) => Number.parseInt(part, 16).toString(2).padStart(16, "0"));
  return [groups.join(""), Number(length)];
}

function expandIPv6(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  return tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
}
