import protobuf from "protobufjs/minimal.js";
import { describe, expect, it } from "vitest";
import { builtInKinds } from "../../kinds/index.ts";
import type { KindDefinition } from "../kind.ts";
import { buildOpenApiV2, buildOpenApiV3, buildOpenApiV3Index } from "./documents.ts";
import { encodeOpenApiV2Protobuf } from "./v2-protobuf.ts";

const deployments = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
const apps = buildOpenApiV3({ group: "apps", version: "v1" }, builtInKinds);

/** Every `$ref` in a document, without its prefix. */
function references(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, child] of Object.entries(value)) {
    if (key === "$ref" && typeof child === "string") found.add(child.slice(child.lastIndexOf("/") + 1));
    else references(child, found);
  }
  return found;
}

describe("OpenAPI v3", () => {
  it("lists each group and version under an address that changes with its content", () => {
    const index = buildOpenApiV3Index(builtInKinds);
    expect(index.paths["apis/apps/v1"]?.serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/,
    );
    expect(buildOpenApiV3Index(builtInKinds)).toEqual(index);
    const fewer = buildOpenApiV3Index(builtInKinds.filter(({ kind }) => kind !== "Deployment"));
    expect(fewer.paths["apis/apps/v1"]).not.toEqual(index.paths["apis/apps/v1"]);
    expect(fewer.paths["api/v1"]).toEqual(index.paths["api/v1"]);
  });

  it("tells kubectl that PATCH takes fieldValidation and apply patches", () => {
    expect(apps).toMatchObject({
      paths: {
        [deployments]: {
          patch: {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": { group: "apps", version: "v1", kind: "Deployment" },
            parameters: expect.arrayContaining([expect.objectContaining({ name: "fieldValidation", in: "query" })]),
            requestBody: { content: expect.objectContaining({ "application/apply-patch+yaml": expect.anything() }) },
          },
        },
      },
    });
  });

  it("carries merge keys and defaults, and resolves every reference", () => {
    expect(apps).toMatchObject({
      components: {
        schemas: {
          "io.k8s.api.core.v1.PodSpec": {
            properties: {
              containers: { "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge" },
            },
          },
          "io.k8s.api.apps.v1.DeploymentSpec": { properties: { strategy: { default: {} } } },
        },
      },
    });
    const { schemas } = apps["components"] as { schemas: Record<string, unknown> };
    expect([...references(apps)].filter((name) => schemas[name] === undefined)).toEqual([]);
  });

  it("publishes a custom resource's own schema and a list of it", () => {
    const base = builtInKinds.find(({ kind }) => kind === "ConfigMap") as KindDefinition;
    const widget: KindDefinition = {
      ...base,
      group: "example.com",
      kind: "Widget",
      plural: "widgets",
      schemaName: "com.example.v1.Widget",
      openApiSchema: { type: "object", properties: { spec: { type: "object", required: ["size"] } } },
    };
    const document = buildOpenApiV3({ group: "example.com", version: "v1" }, [widget]);
    expect(document).toMatchObject({
      components: {
        schemas: {
          "com.example.v1.Widget": widget.openApiSchema,
          "com.example.v1.WidgetList": { required: ["items"] },
        },
      },
    });
    const patch = (document["paths"] as Record<string, Record<string, unknown>>)[
      "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"
    ]?.["patch"];
    expect(JSON.stringify(patch)).not.toContain("strategic");
  });
});

describe("OpenAPI v2", () => {
  it("holds all kinds, also as protobuf", () => {
    const document = buildOpenApiV2(builtInKinds);
    const { definitions } = document as { definitions: Record<string, unknown> };
    expect([...references(document)].filter((name) => definitions[name] === undefined)).toEqual([]);
    const reader = protobuf.Reader.create(encodeOpenApiV2Protobuf(document));
    const fields: number[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      fields.push(tag >>> 3);
      reader.skipType(tag & 7);
    }
    expect(fields).toEqual([1, 2, 8, 9]);
  });
});
