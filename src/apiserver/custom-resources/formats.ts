/** The string formats that CRD schemas may name; others are ignored, as upstream. */
import { isIP, isIPv4, isIPv6 } from "node:net";

const matches =
  (pattern: RegExp) =>
  (text: string): boolean =>
    pattern.test(text);

const hexUuid = (version: string): ((text: string) => boolean) =>
  matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i"));
const duration =
  /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)\s*(?:ns|us|µs|ms|s|m|h|d|w|minutes?|seconds?|hours?|days?|weeks?)\s*)+)$/;
const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text));

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  const version = isIP(address);
  return rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => text.startsWith("/") || URL.canParse(text),
  email: matches(/^[^@\s]+@[^@\s]+$/),
  hostname: matches(
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i,
  ),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: matches(/^(?:[0-9a-f]{2}[:-]){5}(?:[0-9a-f]{2})$|^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i),
  uuid: hexUuid("[0-9a-f]"),
  uuid3: hexUuid("3"),
  uuid4: hexUuid("4"),
  uuid5: hexUuid("5"),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": isTime,
  datetime: isTime,
  duration: matches(duration),
  hexcolor: matches(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i),
  "k8s-short-name": matches(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/),
  "k8s-long-name": matches(/^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/),
};

export function hasFormat(text: string, format: string): boolean {
  return !Object.hasOwn(checks, format) || checks[format]?.(text) === true;
}
