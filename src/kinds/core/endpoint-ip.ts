/** Addresses that traffic is sent to: none that mean this machine, this link or no machine at all. */
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { isLinkLocalMulticast, isLinkLocalUnicast, isLoopback, isUnspecified } from "../ip-class.ts";

const ranges: readonly [(ip: string) => boolean, string][] = [
  [isLoopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  [isLinkLocalUnicast, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [isLinkLocalMulticast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
];

export function validateEndpointIP(ip: string, path: string): FieldError[] {
  if (isUnspecified(ip)) return [invalidValue(path, ip, `may not be unspecified (${ip})`)];
  return ranges.filter(([matches]) => matches(ip)).map(([, detail]) => invalidValue(path, ip, detail));
}
