/** Addresses that traffic is sent to: none that mean this machine, this link or no machine at all. */
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";

const ranges: readonly [RegExp, string][] = [
  [/^(127\.|::1$)/, "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  [/^(169\.254\.|fe[89ab][0-9a-f]:)/i, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [/^(224\.0\.0\.|ff[0-9a-f]2:)/i, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
];

export function validateEndpointIP(ip: string, path: string): FieldError[] {
  if (ip === "0.0.0.0" || ip === "::") return [invalidValue(path, ip, `may not be unspecified (${ip})`)];
  return ranges.filter(([pattern]) => pattern.test(ip)).map(([, detail]) => invalidValue(path, ip, detail));
}
