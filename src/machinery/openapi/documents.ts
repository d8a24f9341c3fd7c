/**
 * OpenAPI documents of the served API: v3, one for each group and version with an index of hashed addresses, and v2,
 * one for all. Made from kinds and their tables on request; the API server keeps what it built until kinds change.
 */
import { createHash } from "node:crypto";
import { kubernetesVersion } from "../../lib/version.ts";
import type { KindDefinition } from "../kind.ts";
import { groupVersionPath, type Operation, operationsOf } from "./operations.ts";
import { type JsonSchema, type OpenApiVersion, reachableTypes, reference, renderSchemas } from "./schemas.ts";

export { groupVersionPath } from "./operations.ts";

export interface OpenApiV3Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const info = { title: "Kubernetes", version: kubernetesVersion };
const securityScheme = {
  type: "apiKey",
  description: "Bearer Token authentication",
  name: "authorization",
  in: "header",
};

/** The answer of /openapi/v3. A document's address changes with its content. `others` stand in place of ours. */
export function buildOpenApiV3Index(
  kinds: readonly KindDefinition[],
  others: OpenApiV3Index["paths"] = {},
): OpenApiV3Index {
  const groups = Map.groupBy(kinds, groupVersionPath);
  const own = [...groups].map(([path, members]) => {
    const serverRelativeURL = `/openapi/v3/${path}?hash=${hashKinds(members)}`;
    return [path, { serverRelativeURL }] as const;
  });
  const paths = Object.entries({ ...Object.fromEntries(own), ...others });
  return { paths: Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The hash in the address of the document of kinds that are of one group and version. */
export function hashKinds(kinds: readonly KindDefinition[]): string {
  const hash = createHash("sha256");
  for (const kind of kinds) {
    const { schemas, schemaName, plural, namespaced, verbs, subresources, openApiSchema } = kind;
    hash.update(JSON.stringify([schemaName, plural, namespaced, verbs, subresources, openApiSchema]));
    for (const name of reachableTypes(schemas, [schemaName])) hash.update(name).update(JSON.stringify(schemas[name]));
  }
  return hash.digest("hex").toUpperCase();
}

/** The document of one group and version; `kinds` may hold others, which are passed over. */
export function buildOpenApiV3({ group, version }: GroupVersion, kinds: readonly KindDefinition[]): JsonSchema {
  const members = kinds.filter((kind) => kind.group === group && kind.version === version);
  const operations = members.flatMap(operationsOf);
  return {
    openapi: "3.0.0",
    info,
    paths: renderPaths(operations, 3),
    components: {
      schemas: renderSchemas(members, operations, 3),
      securitySchemes: { BearerToken: securityScheme },
    },
  };
}

/** The one document of v2. */
export function buildOpenApiV2(kinds: readonly KindDefinition[]): JsonSchema {
  const operations = kinds.flatMap(operationsOf);
  return {
    swagger: "2.0",
    info,
    paths: renderPaths(operations, 2),
    definitions: renderSchemas(kinds, operations, 2),
    securityDefinitions: { BearerToken: securityScheme },
    security: [{ BearerToken: [] }],
  };
}

function renderPaths(operations: readonly Operation[], version: OpenApiVersion): JsonSchema {
  const paths = [...Map.groupBy(operations, (operation) => operation.path)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(paths.map(([path, members]) => [path, renderPath(members, version)]));
}

/** Parameters that all operations of a path share stand beside them. */
function renderPath(operations: readonly Operation[], version: OpenApiVersion): JsonSchema {
  const shared = (operations[0]?.parameters ?? []).filter(
    ({ name, in: place }) => place === "path" || name === "pretty",
  );
  const render = version === 3 ? renderOperationV3 : renderOperationV2;
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, render(operation)])),
    parameters: shared.map((parameter) => renderParameter(parameter, version)),
  };
}

function renderParameter(
  { name, in: place, type }: Operation["parameters"][number],
  version: OpenApiVersion,
): JsonSchema {
  const required = place === "path" ? { required: true } : {};
  if (version === 2) return { name, in: place, ...required, type, uniqueItems: true };
  return { name, in: place, ...required, schema: { type, uniqueItems: true } };
}

const ownParameters = (operation: Operation): Operation["parameters"] =>
  operation.parameters.filter(({ name, in: place }) => place === "query" && name !== "pretty");

const describeCode: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

function commonParts({ tag, operationId, action, gvk }: Operation): JsonSchema {
  return { tags: [tag], operationId, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk };
}

function renderOperationV3(operation: Operation): JsonSchema {
  const { body, response, codes, produces } = operation;
  const parameters = ownParameters(operation).map((parameter) => renderParameter(parameter, 3));
  const schema = response === undefined ? { type: "string" } : reference(response, 3);
  const content = Object.fromEntries(produces.map((type) => [type, { schema }]));
  const responses = codes.map((code) => [code, { description: describeCode[code], content }]);
  return {
    ...commonParts(operation),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: renderBody(body) }),
    responses: { ...Object.fromEntries(responses), 401: { description: "Unauthorized" } },
  };
}

function renderBody({ typeName, required, consumes }: NonNullable<Operation["body"]>): JsonSchema {
  const schema = reference(typeName, 3);
  return { content: Object.fromEntries(consumes.map((type) => [type, { schema }])), ...(required ? { required } : {}) };
}

function renderOperationV2(operation: Operation): JsonSchema {
  const { body, response, codes, produces } = operation;
  const bodyParameter = body && {
    name: "body",
    in: "body",
    ...(body.required ? { required: true } : {}),
    schema: reference(body.typeName, 2),
  };
  const parameters = ownParameters(operation).map((parameter) => renderParameter(parameter, 2));
  const schema = response === undefined ? { type: "string" } : reference(response, 2);
  const responses = codes.map((code) => [code, { description: describeCode[code], schema }]);
  return {
    ...commonParts(operation),
    consumes: body?.consumes ?? ["*/*"],
    produces,
    schemes: ["https"],
    parameters: bodyParameter === undefined ? parameters : [bodyParameter, ...parameters],
    responses: { ...Object.fromEntries(responses), 401: { description: "Unauthorized" } },
  };
}
