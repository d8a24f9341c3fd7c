import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const tabs = "/apis/stable.example.com/v1/namespaces/default/crontabs";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["cronSpec"],
      "x-kubernetes-validations": [{ rule: "!has(self.minimum) || self.replicas >= self.minimum" }],
      properties: {
        cronSpec: { type: "string", pattern: "^\\S+$" },
        replicas: { type: "integer", maximum: 10, default: 1 },
        minimum: { type: "integer" },
        image: { type: "string" },
        locked: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "is fixed" }] },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: { type: "object", properties: { replicas: { type: "integer" } } },
  },
};

function definition(plural: string, openAPIV3Schema: unknown, versions: object[] = []): object {
  const kind = plural === "crontabs" ? "CronTab" : plural;
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema },
    subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } },
    additionalPrinterColumns: [{ name: "Spec", type: "string", jsonPath: ".spec.cronSpec" }],
    selectableFields: [{ jsonPath: ".spec.image" }],
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.stable.example.com` },
    spec: {
      group: "stable.example.com",
      scope: "Namespaced",
      names: { plural, singular: plural.slice(0, -1), kind, shortNames: [plural.slice(0, 2)] },
      versions: [version, ...versions],
    },
  };
}

const tab = (name: string, spec: object): object => ({
  apiVersion: "stable.example.com/v1",
  kind: "CronTab",
  metadata: { name },
  spec,
});

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  await client.post(
    definitions,
    definition("crontabs", schema, [{ name: "v2", served: true, storage: false, schema: { openAPIV3Schema: schema } }]),
  );
  await established("crontabs");
});

afterAll(async () => {
  client.close();
  await server.stop();
});

async function established(plural: string): Promise<void> {
  const watch = await client.watch(
    `${definitions}?watch=true&fieldSelector=metadata.name=${plural}.stable.example.com`,
  );
  for (let count = 1; ; count++) {
    await watch.until(count);
    const conditions = watch.events[count - 1]?.object.status?.conditions ?? [];
    if (
      conditions.some((one: { type: string; status: string }) => one.type === "Established" && one.status === "True")
    ) {
      break;
    }
  }
  watch.stop();
}

describe("custom resources", () => {
  it("are defaulted, pruned, listed and shown as a Table", async () => {
    const created = await client.post(tabs, tab("a", { cronSpec: "x", free: { any: [1] }, unknown: 1 }));
    expect(created.code).toBe(201);
    expect(created.body.spec).toEqual({ cronSpec: "x", replicas: 1, free: { any: [1] } });
    const list = await client.get(tabs);
    expect(list.body).toMatchObject({ kind: "CronTabList", items: [{ kind: "CronTab", spec: { replicas: 1 } }] });
    const table = await client.get(tabs, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.body.rows[0].cells).toEqual(["a", "x"]);
  });

  it.each([
    [
      { cronSpec: 5 },
      'spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer"',
    ],
    [{}, "spec.cronSpec: Required value"],
    [{ cronSpec: "a b" }, `spec.cronSpec: Invalid value: "a b": spec.cronSpec in body should match '^\\S+$'`],
    [
      { cronSpec: "a", replicas: 11 },
      "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10",
    ],
    [
      { cronSpec: "a", minimum: 5 },
      "spec: Invalid value: failed rule: !has(self.minimum) || self.replicas >= self.minimum",
    ],
  ])("refuses %j", async (spec, message) => {
    const answer = await client.post(tabs, tab("bad", spec));
    expect(answer.code).toBe(422);
    const causes: { field: string; message: string }[] = answer.body.details.causes;
    expect(causes.map(({ field, message: detail }) => `${field}: ${detail}`)).toContain(message);
  });

  it("keeps what a transition rule fixes, and leaves the spec alone through status", async () => {
    await client.post(tabs, tab("fixed", { cronSpec: "x", locked: "one" }));
    const changed = await client.patch(`${tabs}/fixed`, { spec: { locked: "two" } });
    expect(changed.body.message).toContain('spec.locked: Invalid value: "two": is fixed');
    const status = await client.patch(`${tabs}/fixed/status`, { spec: { cronSpec: "y" }, status: { replicas: 3 } });
    expect(status.body).toMatchObject({ spec: { cronSpec: "x" }, status: { replicas: 3 } });
    const scale = await client.patch(`${tabs}/fixed/scale`, { spec: { replicas: 4 } });
    expect(scale.body).toMatchObject({ kind: "Scale", spec: { replicas: 4 }, status: { replicas: 3 } });
    const stale = { metadata: { resourceVersion: "1" }, spec: { replicas: 5 } };
    expect(await client.patch(`${tabs}/fixed/scale`, stale)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
  });

  it("are served in every version", async () => {
    await client.post(tabs, tab("versions", { cronSpec: "x" }));
    const other = await client.get("/apis/stable.example.com/v2/namespaces/default/crontabs/versions");
    expect(other.body).toMatchObject({ apiVersion: "stable.example.com/v2", spec: { cronSpec: "x" } });
  });

  it("are found by selectable fields, and refuse strategic merge patches", async () => {
    await client.post(tabs, tab("imaged", { cronSpec: "x", image: "nginx" }));
    const found = await client.get(`${tabs}?fieldSelector=spec.image%3Dnginx`);
    expect(found.body.items).toHaveLength(1);
    expect((await client.patch(`${tabs}/imaged`, {}, "strategic-merge")).code).toBe(415);
  });

  it("can be applied, by managers that conflict", async () => {
    const apply = (manager: string, replicas: number) =>
      client.send("PATCH", `${tabs}/applied?fieldManager=${manager}`, {
        body: tab("applied", { cronSpec: "x", replicas }),
        headers: { "content-type": "application/apply-patch+yaml" },
      });
    expect((await apply("one", 2)).code).toBe(201);
    expect((await apply("one", 3)).body.spec.replicas).toBe(3);
    const conflict = await apply("two", 4);
    expect(conflict.code).toBe(409);
    expect(conflict.body.details.causes).toEqual([
      { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.replicas" },
    ]);
  });

  it("are there from when the definition is established, so that who finds them may change it", async () => {
    await client.post(definitions, definition("earlies", { type: "object" }));
    while ((await client.get(tabs.replace("crontabs", "earlies"))).code === 404);
    const found = await client.get(`${definitions}/earlies.stable.example.com`);
    expect(found.body.status.conditions).toMatchObject([{ type: "NamesAccepted" }, { type: "Established" }]);
    const labelled = { ...found.body, metadata: { ...found.body.metadata, labels: { a: "b" } } };
    expect((await client.put(`${definitions}/earlies.stable.example.com`, labelled)).code).toBe(200);
    await client.delete(`${definitions}/earlies.stable.example.com`);
  });

  it("appear in discovery and OpenAPI and go with their definition", async () => {
    await client.post(definitions, definition("widgets", schema));
    await established("widgets");
    const path = "/apis/stable.example.com/v1/namespaces/default/widgets";
    const widget = { ...tab("w", { cronSpec: "x" }), kind: "widgets" };
    expect((await client.post(path, widget)).code).toBe(201);
    const resources = (await client.get("/apis/stable.example.com/v1")).body.resources;
    expect(resources.map((one: { name: string }) => one.name)).toContain("widgets/scale");
    const document = await client.get("/openapi/v3/apis/stable.example.com/v1");
    expect(document.body.components.schemas["com.example.stable.v1.widgets"].properties.spec.required).toEqual([
      "cronSpec",
    ]);
    const watch = await client.watch(
      `${definitions}?watch=true&fieldSelector=metadata.name=widgets.stable.example.com`,
    );
    await client.delete(`${definitions}/widgets.stable.example.com`);
    for (let count = 1; watch.events.at(-1)?.type !== "DELETED"; count++) await watch.until(count);
    watch.stop();
    expect((await client.get(path)).code).toBe(404);
  });

  it("end their watches when they change their form, and tell of every object that goes with them", async () => {
    const versions = [{ name: "v2", served: true, storage: false, schema: { openAPIV3Schema: schema } }];
    const name = `${definitions}/gears.stable.example.com`;
    const path = (version: string) => `/apis/stable.example.com/${version}/namespaces/default/gears`;
    const watch = (version: string) => client.watch(`${path(version)}?watch=true`);
    await client.post(definitions, definition("gears", schema, versions));
    await established("gears");
    await client.post(path("v1"), { ...tab("g", { cronSpec: "x" }), kind: "gears" });

    const older = await watch("v1");
    const withdrawn = await watch("v2");
    await older.until(1);
    // What is no part of the form leaves watches alone.
    await client.patch(name, { metadata: { labels: { a: "b" } } });
    await client.patch(`${path("v1")}/g`, { metadata: { labels: { a: "b" } } });
    await older.until(2);
    await client.patch(name, [{ op: "replace", path: "/spec/versions/1/served", value: false }], "json");
    await Promise.all([older.until(Infinity), withdrawn.until(Infinity)]);
    expect(older.events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED"]);
    expect((await client.get(`${path("v2")}?watch=true`)).code).toBe(404);

    const last = await watch("v1");
    await last.until(1);
    await client.delete(name);
    await last.until(Infinity);
    expect(last.events.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
    expect((await client.get(`${path("v1")}?watch=true`)).code).toBe(404);
  });
});

describe("definitions", () => {
  it.each([
    ["a list without items", { type: "object", properties: { a: { type: "array" } } }, "items: Required value"],
    [
      "a field without type",
      { type: "object", properties: { a: {} } },
      "must not be empty for specified object fields",
    ],
    [
      "a rule about a field that is not there",
      { type: "object", properties: { a: { type: "object", "x-kubernetes-validations": [{ rule: "self.z == 1" }] } } },
      "undefined field 'z'",
    ],
    [
      "a rule with wrong syntax",
      { type: "object", properties: { a: { type: "object", "x-kubernetes-validations": [{ rule: "self = 1" }] } } },
      "Syntax error",
    ],
    [
      "a rule on the past of items that have none",
      {
        type: "object",
        properties: {
          a: {
            type: "array",
            maxItems: 5,
            items: { type: "string", maxLength: 5, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
          },
        },
      },
      "oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[a]",
    ],
    [
      "optionalOldSelf on a rule without oldSelf",
      {
        type: "object",
        properties: {
          a: { type: "string", "x-kubernetes-validations": [{ rule: "self == 'a'", optionalOldSelf: true }] },
        },
      },
      "may not be set if oldSelf is not used in rule",
    ],
    [
      "a rule that is no condition",
      { type: "object", properties: { a: { type: "string", "x-kubernetes-validations": [{ rule: "size(self)" }] } } },
      "cel expression must evaluate to a bool",
    ],
    [
      "a rule that may cost too much",
      {
        type: "object",
        properties: {
          a: {
            type: "array",
            items: { type: "string" },
            "x-kubernetes-validations": [{ rule: "self.all(x, self.all(y, x == y))" }],
          },
        },
      },
      "rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x",
    ],
    [
      "rules that may cost too much together",
      {
        type: "object",
        properties: {
          a: {
            type: "array",
            items: { type: "number" },
            "x-kubernetes-validations": Array.from({ length: 30 }, (_, i) => ({ rule: `self.all(x, x != ${i}.5)` })),
          },
        },
      },
      "estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.9x",
    ],
    [
      "the path of a field that is not there",
      {
        type: "object",
        "x-kubernetes-validations": [{ rule: "self.a == 'a'", fieldPath: ".b" }],
        properties: { a: { type: "string" } },
      },
      "must be a valid path",
    ],
  ])("are refused with %s", async (_, bad, message) => {
    const answer = await client.post(definitions, definition("bads", bad));
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain(message);
  });

  it("that want names of another are not established", async () => {
    const rival = definition("crons", schema) as { spec: { names: { shortNames: string[] } } };
    rival.spec.names.shortNames = ["cr"];
    await client.post(definitions, rival);
    const watch = await client.watch(`${definitions}?watch=true&fieldSelector=metadata.name=crons.stable.example.com`);
    const conditions = () => watch.events.at(-1)?.object.status?.conditions ?? [];
    for (let count = 1; conditions().length === 0; count++) await watch.until(count);
    watch.stop();
    expect(conditions()).toContainEqual(
      expect.objectContaining({ type: "NamesAccepted", status: "False", reason: "ShortNamesConflict" }),
    );
  });
});
