/** `format.dns1123Label().validate(text)` and the other named formats: apiserver's library kubernetes.format. */
import type { Environment } from "@marcbachmann/cel-js";
import {
  isDns1035Label,
  isLabelValue,
  isQualifiedName,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
} from "../../machinery/validation/names.ts";
import { hasFormat } from "../custom-resources/formats.ts";
import { optionalOf } from "./values.ts";

type Complaints = (text: string) => readonly string[];

export class Format {
  readonly complaints: Complaints;
  /** Upstream's estimate of the pattern behind it, in characters. */
  readonly patternSize: number;

  constructor(complaints: Complaints, patternSize: number) {
    this.complaints = complaints;
    this.patternSize = patternSize;
  }
}

const known =
  (name: string, complaint: string): Complaints =>
  (text) =>
    hasFormat(text, name) ? [] : [complaint];

const formats: Readonly<Record<string, Complaints>> = {
  dns1123Label: (text) => nameIsDnsLabel(text, false),
  dns1123Subdomain: (text) => nameIsDnsSubdomain(text, false),
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: (text) => nameIsDnsLabel(text, true),
  dns1123SubdomainPrefix: (text) => nameIsDnsSubdomain(text, true),
  dns1035LabelPrefix: (text) => isDns1035Label(text.replace(/(?<=.)-$/, "a")),
  labelValue: isLabelValue,
  uri: (text) => (hasFormat(text, "uri") ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]),
  uuid: known("uuid", "does not match the UUID format"),
  byte: known("byte", "invalid base64"),
  date: known("date", "invalid date"),
  datetime: known("datetime", "invalid datetime"),
};

const patternSizes: Readonly<Record<string, number>> = {
  dns1123Label: 30,
  dns1123Subdomain: 60,
  dns1035Label: 30,
  qualifiedName: 60,
  dns1123LabelPrefix: 30,
  dns1123SubdomainPrefix: 60,
  dns1035LabelPrefix: 30,
  labelValue: 40,
  uri: 1_104,
  uuid: 72,
  byte: 84,
  date: 72,
  datetime: 72,
};

class FormatNamespace {}

const typeName = "kubernetes.NamedFormat";

export function registerFormats(environment: Environment): void {
  const constants = Object.entries(formats).map(
    ([name, complaints]) => [name, new Format(complaints, patternSizes[name] as number)] as const,
  );
  const named = new Map(constants);
  environment
    .registerType(typeName, { ctor: Format, fields: {} })
    .registerType("FormatNamespace", { ctor: FormatNamespace, fields: {} })
    .registerConstant("format", "FormatNamespace", new FormatNamespace())
    .registerFunction(`FormatNamespace.named(string): optional<${typeName}>`, (_: unknown, name: string) =>
      optionalOf(named.get(name)),
    )
    .registerFunction(`${typeName}.validate(string): optional<list<string>>`, (format: Format, text: string) => {
      const complaints = format.complaints(text);
      return optionalOf(complaints.length === 0 ? undefined : [...complaints]);
    });
  for (const [name, format] of constants) {
    environment.registerFunction(`FormatNamespace.${name}(): ${typeName}`, () => format);
  }
}
