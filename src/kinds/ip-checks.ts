/** IP addresses and prefixes, in the words of apimachinery's util/validation (strict parsing, as 1.36 has it on). */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { type FieldError, invalidValue } from "../machinery/errors/field-error.ts";
import { canonicalIP, parseAddress, parsePrefix } from "./ip-prefix.ts";

/** Four decimal numbers with leading zeros, which older releases took. */
function isSloppyIPv4(value: string): boolean {
  return /^\d{1,}(\.\d{1,}){3}$/.test(value) && value.split(".").every((part) => Number(part) <= 255);
}

const mapped = (value: string): boolean => /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(value);

export const isIPv6Address = (value: string): boolean => isIPv6(value);

export function checkIP(path: string, value: string | undefined): FieldError[] {
  const text = value ?? "";
  const plain = !text.includes("%") && isIP(text) !== 0;
  if (!plain) {
    const detail = isSloppyIPv4(text)
      ? "must not have leading 0s"
      : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    return [invalidValue(path, text, detail)];
  }
  return mapped(text) ? [invalidValue(path, text, "must not be an IPv4-mapped IPv6 address")] : [];
}

/** Besides, the address must be in its canonical form: for fields that came after strict parsing. */
export function checkCanonicalIP(path: string, value: string | undefined): FieldError[] {
  const errors = checkIP(path, value);
  const canonical = errors.length > 0 ? "" : canonicalIP(value ?? "");
  if (errors.length > 0 || canonical === value) return errors;
  return [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

export function checkCidr(path: string, value: string | undefined): FieldError[] {
  const text = value ?? "";
  const refuse = (detail: string): FieldError[] => [invalidValue(path, text, detail)];
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const [address, length] = [match?.[1] ?? "", match?.[2] ?? ""];
  const bits = isIPv4(address) || isSloppyIPv4(address) ? 32 : isIPv6(address) && !address.includes("%") ? 128 : -1;
  if (match === null || Number(length) > bits) {
    return refuse("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
  }
  if (isIP(address) === 0 || /^0\d/.test(length)) return refuse("must not have leading 0s in IP or prefix length");
  if (mapped(address)) return refuse("must not have an IPv4-mapped IPv6 address");
  const hasHostBits = parsePrefix(text)?.base !== parseAddress(address)?.value;
  return hasHostBits ? refuse("must not have bits set beyond the prefix length") : [];
}

/** Besides, the prefix must be in its canonical form. */
export function checkCanonicalCidr(path: string, value: string | undefined): FieldError[] {
  const errors = checkCidr(path, value);
  if (errors.length > 0) return errors;
  const [address = "", length] = (value ?? "").split("/");
  const canonical = `${canonicalIP(address)}/${length}`;
  if (canonical === value) return [];
  return [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}
