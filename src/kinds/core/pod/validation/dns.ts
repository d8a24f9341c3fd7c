/** A pod's resolver configuration and host aliases. */
import { type FieldError, invalidValue, required } from "../../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain, isDns1123SubdomainWithUnderscore } from "../../../../machinery/validation/names.ts";
import { checkEach, checkText } from "../../../field-checks.ts";
import type { HostAlias, PodSpec } from "../../../generated/core-v1.ts";
import { checkIP } from "../../../ip-checks.ts";

const mostNameservers = 3;
const mostSearches = 32;
const longestSearchList = 2048;

export function validatePodDns({ dnsConfig, dnsPolicy }: PodSpec, path: string): FieldError[] {
  if (dnsPolicy === "None") {
    if (dnsConfig === undefined) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (!dnsConfig.nameservers?.length) {
      const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
      return [required(`${path}.nameservers`, detail)];
    }
  }
  if (dnsConfig === undefined) return [];
  const { nameservers = [], searches = [], options } = dnsConfig;
  const errors: FieldError[] = [];
  const limit = (field: string, value: readonly string[], detail: string) =>
    errors.push(invalidValue(`${path}.${field}`, value, `must not have more than ${detail}`));
  if (nameservers.length > mostNameservers) limit("nameservers", nameservers, `${mostNameservers} nameservers`);
  errors.push(...checkEach(nameservers, `${path}.nameservers`, (server, place) => checkIP(place, server)));
  if (searches.length > mostSearches) limit("searches", searches, `${mostSearches} search paths`);
  if (searches.join(" ").length > longestSearchList) {
    limit("searches", searches, `${longestSearchList} characters (including spaces) in the search list`);
  }
  return [
    ...errors,
    ...checkEach(searches, `${path}.searches`, (search, place) =>
      search === "." ? [] : checkText(place, search.replace(/\.$/, ""), isDns1123SubdomainWithUnderscore),
    ),
    ...checkEach(options, `${path}.options`, ({ name }, place) => (name ? [] : [required(place, "must not be empty")])),
  ];
}

export function validateHostAliases(aliases: readonly HostAlias[] | undefined, path: string): FieldError[] {
  return checkEach(aliases, path, ({ ip, hostnames }, place) => [
    ...checkIP(`${place}.ip`, ip),
    ...checkEach(hostnames, `${place}.hostnames`, (name, at) => checkText(at, name, isDns1123Subdomain)),
  ]);
}
