/** Names, scope and versions of a custom resource. Its schemas are checked where they are turned into structural ones. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { isDns1035Label, isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkEach, checkImmutable, checkOneOf, checkRequired } from "../../field-checks.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from "../../generated/apiextensions-v1.ts";
import { validateWebhookTarget } from "../../webhook-target-validation.ts";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

export function validateCustomResourceDefinition({ metadata, spec, status }: CustomResourceDefinition): FieldError[] {
  if (spec === undefined) return [required("spec")];
  const errors: FieldError[] = [];
  if (metadata?.name !== `${spec.names?.plural}.${spec.group}`) {
    errors.push(invalidValue("metadata.name", metadata?.name ?? "", 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(
    ...validateGroup(spec.group),
    ...checkOneOf("spec.scope", spec.scope, ["Cluster", "Namespaced"]),
    ...checkEach(spec.versions, "spec.versions", (version, path) =>
      validateVersion(version, path, spec.versions?.length === 1 ? "spec" : path),
    ),
    ...validateVersionsTogether(spec.versions ?? []),
    ...validateNames(spec.names ?? {}, "spec.names"),
    ...validateConversion(spec.conversion, "spec.conversion"),
  );
  if (spec.preserveUnknownFields) {
    const detail =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalidValue("spec.preserveUnknownFields", true, detail));
  }
  return [...errors, ...validateStoredVersions(status?.storedVersions ?? [], spec.versions ?? [])];
}

function validateGroup(group: string | undefined): FieldError[] {
  if (!group) return [required("spec.group")];
  const complaints = isDns1123Subdomain(group);
  if (complaints.length > 0) return [invalidValue("spec.group", group, complaints.join(","))];
  if (group.includes(".")) return [];
  return [invalidValue("spec.group", group, "should be a domain with at least one dot")];
}

function checkLabel(path: string, value: string, remark = ""): FieldError[] {
  const complaints = isDns1035Label(value.toLowerCase());
  return complaints.length === 0 ? [] : [invalidValue(path, value, remark + complaints.join(","))];
}

/** `shared` is where upstream's internal form keeps what all versions have in common: of one version, at the top. */
function validateVersion(version: CustomResourceDefinitionVersion, path: string, shared: string): FieldError[] {
  const complaints = isDns1035Label(version.name ?? "");
  return [
    ...(version.schema?.openAPIV3Schema === undefined ? [required(`${path}.schema.openAPIV3Schema`)] : []),
    ...(complaints.length > 0 ? [invalidValue(`${path}.name`, version.name ?? "", complaints.join(","))] : []),
    ...checkEach(version.additionalPrinterColumns, `${shared}.additionalPrinterColumns`, validateColumn),
  ];
}

function validateColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors = checkRequired(`${path}.name`, name);
  const types = `must be one of ${columnTypes.join(",")}`;
  if (!type) errors.push(required(`${path}.type`, types));
  else if (!columnTypes.includes(type)) errors.push(invalidValue(`${path}.type`, type, types));
  if (format && !columnFormats.includes(format)) {
    errors.push(invalidValue(`${path}.format`, format, `must be one of ${columnFormats.join(",")}`));
  }
  return [...errors, ...checkRequired(`${path}.JSONPath`, jsonPath)];
}

function validateVersionsTogether(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const errors: FieldError[] = [];
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(invalidValue("spec.versions", versions, "must contain unique version names"));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const detail = "must have exactly one version marked as storage version";
    errors.push(invalidValue("spec.versions", versions, detail));
  }
  return errors;
}

function validateNames(names: Partial<CustomResourceDefinitionNames>, path: string): FieldError[] {
  const { plural, singular, kind, listKind } = names;
  const mixed = "may have mixed case, but should otherwise match: ";
  const errors = Object.entries({ plural, singular, kind, listKind }).flatMap(([field, value]) => {
    if (!value) return [required(`${path}.${field}`)];
    const isKind = field === "kind" || field === "listKind";
    return isKind ? checkLabel(`${path}.${field}`, value, mixed) : checkExactLabel(`${path}.${field}`, value);
  });
  if (kind && kind === listKind) {
    errors.push(invalidValue(`${path}.listKind`, listKind, "kind and listKind may not be the same"));
  }
  return [
    ...errors,
    ...checkEach(names.shortNames, `${path}.shortNames`, (name, place) => checkExactLabel(place, name)),
    ...checkEach(names.categories, `${path}.categories`, (name, place) => checkExactLabel(place, name)),
  ];
}

function checkExactLabel(path: string, value: string): FieldError[] {
  const complaints = isDns1035Label(value);
  return complaints.length === 0 ? [] : [invalidValue(path, value, complaints.join(","))];
}

function validateConversion(conversion: CustomResourceConversion | undefined, path: string): FieldError[] {
  if (conversion === undefined) return [];
  const errors = checkOneOf(`${path}.strategy`, conversion.strategy, ["None", "Webhook"]);
  if (conversion.strategy !== "Webhook") return errors;
  const { clientConfig, conversionReviewVersions } = conversion.webhook ?? {};
  // Upstream names the fields of its internal form, which has no `webhook` level.
  const place = `${path}.webhookClientConfig`;
  if (clientConfig === undefined) errors.push(required(place, "required when strategy is set to Webhook"));
  else errors.push(...validateWebhookTarget(clientConfig, place));
  if (!conversionReviewVersions?.length) errors.push(required(`${path}.conversionReviewVersions`));
  return errors;
}

function validateStoredVersions(
  stored: readonly string[],
  versions: readonly CustomResourceDefinitionVersion[],
): FieldError[] {
  const path = "status.storedVersions";
  if (stored.length === 0) return [invalidValue(path, stored, "must have at least one stored version")];
  const names = versions.map(({ name }) => name);
  const storage = versions.find((version) => version.storage)?.name;
  const errors: FieldError[] = [];
  if (storage !== undefined && !stored.includes(storage)) {
    errors.push(invalidValue(path, stored, `must have the storage version ${storage}`));
  }
  return [
    ...errors,
    ...checkEach(stored, path, (version, place) => {
      if (names.includes(version)) return [];
      const rest =
        "was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in";
      const detail = `missing from spec.versions; ${version} ${rest} ${version} and removes ${version} from status.storedVersions`;
      return [invalidValue(place, version, detail)];
    }),
  ];
}

export function validateCustomResourceDefinitionUpdate(
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const before = old.spec;
  const established = old.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
  return [
    ...(established ? checkImmutable("spec.scope", spec?.scope, before?.scope) : []),
    ...(established ? checkImmutable("spec.names.kind", spec?.names?.kind, before?.names?.kind) : []),
    ...checkImmutable("spec.group", spec?.group, before?.group),
    ...checkImmutable("spec.names.plural", spec?.names?.plural, before?.names?.plural),
  ];
}
