/** ValidateEndpoints. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortNumber,
  isQualifiedName,
} from "../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkText } from "../../field-checks.ts";
import type { EndpointAddress, EndpointPort, Endpoints } from "../../generated/core-v1.ts";
import { checkIP } from "../../ip-checks.ts";
import { validateEndpointIP } from "../endpoint-ip.ts";

export function validateEndpoints({ subsets }: Endpoints): FieldError[] {
  return checkEach(subsets, "subsets", ({ addresses, notReadyAddresses, ports }, path) => {
    const empty = !addresses?.length && !notReadyAddresses?.length;
    return [
      ...(empty ? [required(path, "must specify `addresses` or `notReadyAddresses`")] : []),
      ...checkEach(addresses, `${path}.addresses`, validateAddress),
      ...checkEach(notReadyAddresses, `${path}.notReadyAddresses`, validateAddress),
      ...checkEach(ports, `${path}.ports`, (port, place) => validatePort(port, (ports ?? []).length > 1, place)),
    ];
  });
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  const malformed = checkIP(`${path}.ip`, ip);
  return [
    ...malformed,
    ...(hostname ? checkText(`${path}.hostname`, hostname, isDns1123Label) : []),
    ...(nodeName === undefined ? [] : checkText(`${path}.nodeName`, nodeName, isDns1123Subdomain)),
    ...(malformed.length > 0
      ? [invalidValue(`${path}.ip`, ip ?? "", "must be a valid IP address")]
      : validateEndpointIP(ip ?? "", `${path}.ip`)),
  ];
}

function validatePort(
  { name, port, protocol, appProtocol }: EndpointPort,
  nameless: boolean,
  path: string,
): FieldError[] {
  return [
    ...(name ? checkText(`${path}.name`, name, isDns1123Label) : nameless ? [required(`${path}.name`)] : []),
    ...isPortNumber(port ?? 0).map((one) => invalidValue(`${path}.port`, port ?? 0, one)),
    ...checkOneOf(`${path}.protocol`, protocol, ["SCTP", "TCP", "UDP"]),
    ...(appProtocol === undefined ? [] : checkText(`${path}.appProtocol`, appProtocol, isQualifiedName)),
  ];
}
