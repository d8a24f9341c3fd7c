/** What OpenAPI says of a custom resource: its schema with the fields that every object has. */

import type { CustomResourceDefinitionVersion } from "../../kinds/generated/apiextensions-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { isMap, type JsonSchema } from "./schema.ts";

type Published = Record<string, unknown>;

const metaType = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const apiVersionDescription =
  "APIVersion defines group and version, and with them the fields that the object may have.";
const kindDescription = "Kind names the type of the object, in CamelCase; it never changes.";
const metadataDescription = "Standard object's metadata: name, namespace, labels and the like.";

export function publishedSchema(
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
  { schema }: CustomResourceDefinitionVersion,
  openApiVersion: 2 | 3,
): Published {
  const extensions = { "x-kubernetes-group-version-kind": [gvk] };
  const root = schema?.openAPIV3Schema as JsonSchema | undefined;
  const preserves = root?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (root === undefined || (openApiVersion === 2 && preserves)) return { type: "object", ...extensions };
  const published = openApiVersion === 2 ? toVersion2(root) : structuredClone(root as Published);
  published["properties"] = { ...(published["properties"] as object), ...metaFields(openApiVersion) };
  return { ...published, type: "object", ...extensions };
}

function metaFields(openApiVersion: 2 | 3): Published {
  const metadata =
    openApiVersion === 2
      ? { description: metadataDescription, $ref: `#/definitions/${metaType}` }
      : { description: metadataDescription, allOf: [{ $ref: `#/components/schemas/${metaType}` }] };
  return {
    apiVersion: { description: apiVersionDescription, type: "string" },
    kind: { description: kindDescription, type: "string" },
    metadata,
  };
}

const notInVersion2 = new Set(["anyOf", "oneOf", "allOf", "not", "nullable", "default"]);

/** ToStructuralOpenAPIV2: without what OpenAPI v2 or kubectl's reading of it cannot express. */
function toVersion2(schema: JsonSchema): Published {
  const published: Published = {};
  for (const [key, value] of Object.entries(schema)) if (!notInVersion2.has(key)) published[key] = value;
  if (schema.nullable === true || schema["x-kubernetes-int-or-string"] === true) {
    for (const key of ["type", "items", "properties", "additionalProperties"]) delete published[key];
    return published;
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) {
    delete published["properties"];
    delete published["items"];
  }
  if (isMap(published["properties"])) {
    const properties = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, toVersion2(one)]);
    published["properties"] = Object.fromEntries(properties);
    const left = schema.required?.filter((name) => valueAt(schema.properties, name)?.nullable !== true);
    if (schema.required !== undefined) published["required"] = left;
  }
  if (isMap(published["items"])) published["items"] = toVersion2(schema.items as JsonSchema);
  if (isMap(schema.additionalProperties)) published["additionalProperties"] = toVersion2(schema.additionalProperties);
  return published;
}
