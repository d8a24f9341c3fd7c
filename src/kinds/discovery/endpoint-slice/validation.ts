/** ValidateEndpointSlice. */
import { type FieldError, invalidValue, required, tooMany } from "../../../machinery/errors/field-error.ts";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from "../../../machinery/validation/names.ts";
import { validateEndpointIP } from "../../core/endpoint-ip.ts";
import { checkEach, checkImmutable, checkOneOf, checkText, checkUnique } from "../../field-checks.ts";
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from "../../generated/discovery-v1.ts";
import { checkIP, isIPv6Address } from "../../ip-checks.ts";

const mostEndpoints = 1000;
const mostAddresses = 100;
const mostPorts = 20000;
const mostHints = 8;

const checkCount = (list: readonly unknown[] | undefined, most: number, path: string): FieldError[] =>
  list !== undefined && list.length > most ? [tooMany(path, list.length, most)] : [];

export function validateEndpointSlice({ addressType, ports, endpoints }: EndpointSlice): FieldError[] {
  return [
    ...checkOneOf("addressType", addressType, ["FQDN", "IPv4", "IPv6"]),
    ...checkCount(ports, mostPorts, "ports"),
    ...checkEach(ports, "ports", validatePort),
    ...validatePortNames(ports),
    ...checkCount(endpoints, mostEndpoints, "endpoints"),
    ...checkEach(endpoints, "endpoints", (endpoint, path) => validateEndpoint(endpoint, addressType, path)),
  ];
}

function validatePort({ name, protocol, appProtocol }: EndpointPort, path: string): FieldError[] {
  return [
    ...(name ? checkText(`${path}.name`, name, isDns1123Label) : []),
    ...checkOneOf(`${path}.protocol`, protocol, ["SCTP", "TCP", "UDP"]),
    ...(appProtocol === undefined ? [] : checkText(`${path}.appProtocol`, appProtocol, isQualifiedName)),
  ];
}

/** Here, unlike elsewhere, the empty name counts: of several ports each has one of its own. */
function validatePortNames(ports: readonly EndpointPort[] | undefined): FieldError[] {
  const marked = (ports ?? []).map(({ name }) => ({ key: `/${name ?? ""}` }));
  return checkUnique(marked, "ports", ".name", ({ key }) => key).map((error) => ({
    ...error,
    detailMessage: error.detailMessage.replace('"/', '"'),
    message: error.message.replace('"/', '"'),
  }));
}

function validateEndpoint(endpoint: Endpoint, addressType: string, path: string): FieldError[] {
  const { addresses = [], nodeName, hostname, hints } = endpoint;
  const place = `${path}.addresses`;
  return [
    ...(addresses.length === 0 ? [required(place, "must contain at least 1 address")] : []),
    ...checkCount(addresses, mostAddresses, place),
    ...checkEach(addresses, place, (address, at) => validateAddress(address, addressType, at, place)),
    ...(nodeName === undefined ? [] : checkText(`${path}.nodeName`, nodeName, isDns1123Subdomain)),
    ...(hostname === undefined ? [] : checkText(`${path}.hostname`, hostname, isDns1123Label)),
    ...(hints === undefined ? [] : validateHints(hints, `${path}.hints`)),
  ];
}

function validateAddress(address: string, type: string, path: string, list: string): FieldError[] {
  if (type === "FQDN") return checkText(path, address, isDns1123Subdomain);
  if (type !== "IPv4" && type !== "IPv6") return [];
  const malformed = checkIP(path, address);
  if (malformed.length > 0) return malformed;
  const wrongFamily = isIPv6Address(address) !== (type === "IPv6");
  return [
    ...(wrongFamily ? [invalidValue(list, address, `must be an ${type} address`)] : []),
    ...validateEndpointIP(address, path),
  ];
}

function validateHints({ forZones, forNodes }: EndpointHints, path: string): FieldError[] {
  return [
    ...checkCount(forZones, mostHints, `${path}.forZones`),
    ...checkEach(forZones, `${path}.forZones`, ({ name }, place) => checkText(`${place}.name`, name, isLabelValue)),
    ...checkUnique(forZones, `${path}.forZones`, ".name", ({ name }) => name),
    ...checkCount(forNodes, mostHints, `${path}.forNodes`),
    ...checkUnique(forNodes, `${path}.forNodes`, ".name", ({ name }) => name),
  ];
}

export function validateEndpointSliceUpdate({ addressType }: EndpointSlice, old: EndpointSlice): FieldError[] {
  return checkImmutable("addressType", addressType, old.addressType);
}
