/** IP addresses and prefixes, in the words of apimachinery's util/validation (strict parsing, as 1.36 has it on). */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { type FieldError, invalidValue } from "../machinery/errors/field-error.ts";

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

export function checkCidr(path: string, value: string | undefined): FieldError[] {
  const text = value ?? "";
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? "";
  const length = Number(match?.[2]);
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (match === null || length > bits) {
    return [invalidValue(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
  }
  if (/^0\d/.test(match[2] ?? "")) return [invalidValue(path, text, "must not have leading 0s in prefix length")];
  if (bits === 32) return checkHostBits(path, text, address, length);
  return mapped(address) ? [invalidValue(path, text, "must not have an IPv4-mapped IPv6 address")] : [];
}

function checkHostBits(path: string, text: string, address: string, length: number): FieldError[] {
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - length);
  return value % size === 0 ? [] : [invalidValue(path, text, "must not have bits set beyond the prefix length")];
}
