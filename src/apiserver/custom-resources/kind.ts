/** A version of a CustomResourceDefinition as a KindDefinition: from here on it is a kind like any other. */
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from "../../kinds/generated/apiextensions-v1.ts";
import {
  defineKind,
  type KindDefinition,
  type SharedStorage,
  type Subresource,
  type Verb,
} from "../../machinery/kind.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { columnsOf } from "./columns.ts";
import type { ConvertObjects } from "./conversion.ts";
import { applySchemaDefaults, hasDefaults } from "./defaulting.ts";
import { findValues } from "./json-path.ts";
import { objectValidationOf } from "./object-validation.ts";
import { publishedSchema } from "./published-schema.ts";
import type { JsonSchema } from "./schema.ts";
import { tableOf } from "./schema-table.ts";

const verbs: readonly Verb[] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const preserveAll: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

export interface CustomKindOptions {
  /** Conversion between versions. Default: only apiVersion changes. */
  readonly convert?: ConvertObjects | undefined;
}

/** A version's schema; one without a schema keeps whatever it is given. */
export function schemaOf(version: CustomResourceDefinitionVersion): JsonSchema {
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  return schema === undefined ? preserveAll : { ...schema, type: "object" };
}

/** The schema with the metadata that is checked apart. */
function bodySchema(schema: JsonSchema): JsonSchema {
  const { apiVersion: _, kind: __, metadata, ...properties } = schema.properties ?? {};
  return { ...schema, properties: metadata === undefined ? properties : { ...properties, metadata } };
}

/** One version of a definition as a kind, as the registry, discovery, OpenAPI and patches know it. */
export function customKind(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  options: CustomKindOptions = {},
): KindDefinition {
  const { spec, metadata, status } = definition;
  const { group, scope } = spec;
  const names = status?.acceptedNames?.plural ? status.acceptedNames : spec.names;
  const kind = names.kind ?? spec.names.kind;
  const gvk = { group, version: version.name, kind };
  const schemaName = [...group.split(".").reverse(), version.name, kind].join(".");
  const schema = bodySchema(schemaOf(version));
  const subresources = subresourcesOf(gvk, version);
  const hasStatus = subresources.some(({ name }) => name === "status");
  const terminating = metadata?.deletionTimestamp !== undefined;
  const validation = objectValidationOf(schema);
  const applyDefaults = (object: UnknownObject): void => applySchemaDefaults(object, schema);
  const { shortNames, categories } = names;
  const { scale } = version.subresources ?? {};
  return defineKind<UnknownObject>({
    ...gvk,
    plural: spec.names.plural,
    singular: names.singular ?? "",
    listKind: names.listKind ?? `${kind}List`,
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    namespaced: scope === "Namespaced",
    verbs: terminating ? verbs.filter((verb) => verb !== "create") : verbs,
    subresources,
    schemas: tableOf(schemaName, schema, gvk),
    schemaName,
    openApiSchema: publishedSchema(gvk, version, 3),
    openApiSchemaV2: publishedSchema(gvk, version, 2),
    storage: storageOf(definition, version, schema, options),
    ...(scale === undefined ? {} : { scalePaths: scale }),
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults,
    prepareForCreate(object) {
      if (hasStatus) delete object["status"];
    },
    validateCreate: validation.create,
    validateUpdate: validation.update,
    validateStatusUpdate: validation.updateStatus,
    selectableFields: selectableFieldsOf(version),
    columns: columnsOf(version.additionalPrinterColumns),
  });
}

function subresourcesOf(
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
  { subresources }: CustomResourceDefinitionVersion,
): Subresource[] {
  const verbsOfSubresource = ["get", "patch", "update"];
  return [
    ...(subresources?.status === undefined ? [] : [{ name: "status", kind: gvk, verbs: verbsOfSubresource }]),
    ...(subresources?.scale === undefined
      ? []
      : [{ name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: verbsOfSubresource }]),
  ];
}

function selectableFieldsOf({
  selectableFields,
}: CustomResourceDefinitionVersion): Readonly<Record<string, (object: UnknownObject) => string>> {
  const fields = (selectableFields ?? []).map(({ jsonPath }) => {
    const read = (object: UnknownObject): string => {
      const [value] = findValues(jsonPath, object);
      return value === undefined || typeof value === "object" ? "" : String(value);
    };
    return [jsonPath.replace(/^\./, ""), read];
  });
  return Object.fromEntries(fields) as Record<string, (object: UnknownObject) => string>;
}

/** Objects are stored in one version; what is read gets the defaults of today's schema. */
function storageOf(
  { spec }: CustomResourceDefinition,
  { name }: CustomResourceDefinitionVersion,
  schema: JsonSchema,
  options: CustomKindOptions,
): SharedStorage {
  const { group } = spec;
  const stored = spec.versions.find(({ storage }) => storage)?.name ?? name;
  const { convert } = options;
  const change = (object: UnknownObject, apiVersion: string): UnknownObject =>
    convert === undefined ? { ...object, apiVersion } : object;
  const served = `${group}/${name}`;
  const defaults = hasDefaults(schema);
  const converted = new WeakMap<UnknownObject, UnknownObject>();
  const fromStorage = (object: UnknownObject): UnknownObject => {
    const known = converted.get(object);
    if (known !== undefined) return known;
    let result = object.apiVersion === served ? object : change(object, served);
    if (defaults) {
      result = deepCopy(result);
      applySchemaDefaults(result, schema);
    }
    converted.set(object, result);
    return result;
  };
  const storedVersion = `${group}/${stored}`;
  return {
    group,
    version: stored,
    kind: spec.names.kind,
    // Objects that were stored when another version was the stored one are there too.
    ...(convert === undefined ? {} : { convert }),
    always: defaults || spec.versions.length > 1,
    toStorage: (object) => (object.apiVersion === storedVersion ? object : change(object, storedVersion)),
    fromStorage,
  };
}
