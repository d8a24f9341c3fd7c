/** What fuzzing (test/robustness) found, and its neighbours: requests that were answered with 500 or worse. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient, type TestRequest } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const core = "/api/v1/namespaces/default";
const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const typed = (type: string): Record<string, string> => ({ "content-type": type });
const yaml = typed("application/yaml");
const merge = typed("application/merge-patch+json");
const strategic = typed("application/strategic-merge-patch+json");
const apply = typed("application/apply-patch+yaml");
const jsonPatch = typed("application/json-patch+json");
const configMap = (more: string): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}${more}}`;
const unrecognized = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind;";
const bomb = `a: &a [x,x]\n${[..."bcdefgh"].map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(9)}x]`).join("\n")}`;

type Case = readonly [string, string, string, TestRequest, number, string];

const cases: readonly Case[] = [
  [
    "nesting that no stack bears",
    "POST",
    `${core}/configmaps`,
    { body: deep(10_001) },
    400,
    "json parse error: exceeded max depth",
  ],
  ["nesting without an end", "POST", `${core}/configmaps`, { body: "[".repeat(1_000_000) }, 400, "exceeded max depth"],
  [
    "nesting in what is kept",
    "POST",
    `${core}/configmaps`,
    { body: configMap(`,"x":${deep(600)}`) },
    400,
    "exceeded max depth",
  ],
  [
    "nesting in YAML",
    "POST",
    `${core}/configmaps`,
    { body: `a: ${deep(5_000)}`, headers: yaml },
    400,
    "exceeded max depth",
  ],
  [
    "a bomb of YAML aliases",
    "POST",
    `${core}/configmaps`,
    { body: bomb, headers: yaml },
    400,
    "yaml: document contains excessive aliasing",
  ],
  [
    "an alias without an anchor",
    "POST",
    `${core}/configmaps`,
    { body: "a: *b", headers: yaml },
    400,
    "yaml: unknown anchor 'b' referenced",
  ],
  ["an anchor in itself", "POST", `${core}/configmaps`, { body: "a: &a [*a]", headers: yaml }, 400, "yaml: "],
  [
    "infinity in YAML",
    "POST",
    `${core}/configmaps`,
    { body: "a: .inf", headers: yaml },
    400,
    "json: unsupported value: +Inf",
  ],
  [
    "a number that is none",
    "POST",
    `${core}/configmaps`,
    { body: configMap(',"x":1e400') },
    400,
    "number 1e400 into Go value of type float64",
  ],
  [
    "CBOR",
    "POST",
    `${core}/configmaps`,
    { body: "\xa0", headers: typed("application/cbor") },
    415,
    "in an unknown format",
  ],
  [
    "a kind that is no text",
    "POST",
    `${core}/configmaps`,
    { body: '{"kind":{"toString":1}}' },
    400,
    "Go struct field .kind of type string",
  ],
  [
    "a version that is no text",
    "POST",
    `${core}/configmaps`,
    { body: '{"apiVersion":[]}' },
    400,
    "Go struct field .apiVersion of type string",
  ],
  [
    "nothing",
    "POST",
    `${core}/configmaps`,
    { body: "" },
    400,
    `${unrecognized} json parse error: unexpected end of JSON input (<empty>)`,
  ],
  [
    "a field whose object has no text",
    "POST",
    `${core}/pods`,
    { body: '{"metadata":{"generation":{"toString":1}}}' },
    400,
    "of type int64",
  ],
  [
    "a pod without containers",
    "POST",
    `${core}/pods`,
    { body: '{"kind":"Pod","apiVersion":"v1","metadata":null}' },
    422,
    "spec.containers: Required value",
  ],
  [
    "a pod of nulls",
    "POST",
    `${core}/pods`,
    {
      body: '{"metadata":{"name":"x"},"spec":{"containers":null,"volumes":[null],"tolerations":[null],"affinity":null}}',
    },
    422,
    "spec.containers: Required value",
  ],
  [
    "null in a list of lists",
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    { body: '{"spec":{"user":"u","extra":{"a":null},"groups":[null],"nonResourceAttributes":{}}}' },
    201,
    "",
  ],
  [
    "a review of nothing",
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    { body: "" },
    400,
    "unexpected end of JSON input",
  ],
  [
    "a binding without a target",
    "POST",
    `${core}/bindings`,
    { body: '{"metadata":{"name":"x"}}' },
    400,
    "target.name: Required value",
  ],
  [
    "a selector with a value that no label has",
    "POST",
    "/apis/apps/v1/namespaces/default/replicasets",
    {
      body: '{"metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"-5"}},"template":{"metadata":{"labels":{"a":"-5"}},"spec":{"containers":[{"name":"a","image":"b"}]}}}}',
    },
    422,
    "spec.selector",
  ],
  [
    "a new object with a resourceVersion",
    "POST",
    `${core}/configmaps`,
    { body: '{"metadata":{"name":"x","resourceVersion":"5"}}' },
    400,
    "resourceVersion should not be set on objects to be created",
  ],
  [
    "a strategic patch that is wrong in itself",
    "PATCH",
    `${core}/configmaps/there`,
    { body: '{"data":{"$patch":{"toString":1}}}', headers: strategic },
    400,
    'unknown patch type: {"toString":1} in map',
  ],
  [
    "an order that is no list",
    "PATCH",
    `${core}/configmaps/there`,
    { body: '{"metadata":{"$setElementOrder/finalizers":1}}', headers: strategic },
    400,
    "expected a []interface {}, but received a int64",
  ],
  [
    "an apply of a field that is none",
    "PATCH",
    `${core}/configmaps/there?fieldManager=m`,
    { body: configMap(',"x":1').replace('"x"', '"there"'), headers: apply },
    400,
    "failed to create typed patch object",
  ],
  [
    "a JSON patch into depths",
    "PATCH",
    `${core}/configmaps/there`,
    {
      body: `[{"op":"add","path":"/data","value":${deep(450)}},{"op":"copy","from":"/data","path":"/data${"/0".repeat(449)}/-"}]`,
      headers: jsonPatch,
    },
    400,
    "exceeded max depth",
  ],
  ["a JSON patch that is null", "PATCH", `${core}/configmaps/there`, { body: "null", headers: jsonPatch }, 400, ""],
  [
    "a merge patch that is a list",
    "PATCH",
    `${core}/configmaps/there`,
    { body: "[]", headers: merge },
    400,
    "Invalid JSON Patch",
  ],
  ["a continue token of null", "GET", `${core}/configmaps?continue=bnVsbA`, {}, 400, "continue key is not valid"],
  [
    "a continue token with a fraction",
    "GET",
    `${core}/configmaps?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1.5,"start":"a"}').toString("base64url")}`,
    {},
    400,
    "continue key is not valid",
  ],
  [
    "a limit beyond 64 bits",
    "GET",
    `${core}/configmaps?limit=99999999999999999999`,
    {},
    400,
    'strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  [
    "a limit that is no number",
    "GET",
    `${core}/configmaps?limit=1e3`,
    {},
    400,
    'strconv.ParseInt: parsing "1e3": invalid syntax',
  ],
  ["a label selector that is none", "GET", `${core}/configmaps?labelSelector=%28`, {}, 400, "found '('"],
  [
    "deletion within 2^63 seconds and one",
    "DELETE",
    `${core}/configmaps/nothing`,
    { body: '{"gracePeriodSeconds":9223372036854775808}' },
    400,
    "number 9223372036854775808 into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
  ],
  [
    "a limit under a name of its prototype",
    "POST",
    `${core}/limitranges`,
    { body: '{"metadata":{"name":"x"},"spec":{"limits":[{"type":"TCP","max":{"__proto__":"1Gi"}}]}}' },
    422,
    "spec.limits[0].max[__proto__]: Invalid value",
  ],
  [
    "a field manager that cannot be printed",
    "POST",
    `${core}/configmaps?fieldManager=a%00`,
    { body: configMap("") },
    422,
    'fieldManager: Invalid value: "a\\u0000": invalid character U+0000 (at position 1)',
  ],
  [
    "a health check port that is none",
    "POST",
    `${core}/services`,
    {
      body: '{"metadata":{"name":"x"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":1,"ports":[{"port":80}]}}',
    },
    422,
    "spec.healthCheckNodePort: Invalid value: 1: failed to allocate requested HealthCheck NodePort 1: provided port is not in the valid range.",
  ],
  [
    "an order of a list that is to go",
    "PATCH",
    `${core}/configmaps/there`,
    { body: '{"metadata":{"finalizers":null,"$setElementOrder/finalizers":["a"]}}', headers: strategic },
    400,
    "expected a []interface {}, but received a <nil>",
  ],
  [
    "a schema in a schema that is none",
    "POST",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    {
      body: '{"metadata":{"name":"as.b"},"spec":{"group":"b","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"items":{"required":{}}}}}]}}',
    },
    400,
    "json: cannot unmarshal object into Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema.items.required of type []string",
  ],
  [
    "a schema of further properties that is a text",
    "POST",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    {
      body: '{"metadata":{"name":"as.b"},"spec":{"versions":[{"schema":{"openAPIV3Schema":{"additionalProperties":"x"}}}]}}',
    },
    400,
    "boolean or JSON schema expected",
  ],
];

describe("the API server answers with what is wrong about", () => {
  let server: TestServer;
  let client: TestClient;

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
    await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
    await client.post(`${core}/serviceaccounts`, { metadata: { name: "default" } });
    await client.post(`${core}/configmaps`, { metadata: { name: "there" }, data: { a: "b" } });
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it.each(cases)("%s", async (_, method, path, request, code, message) => {
    const answer = await client.send(method, path, request);
    expect(answer.code, answer.text.slice(0, 2_000)).toBe(code);
    if (code < 300) return;
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code });
    expect(answer.body.message).toContain(message);
  });

  it("warns within what a client's headers hold", async () => {
    const unknown = Array.from({ length: 100 }, (_, index) => `"${"x".repeat(300)}${index}":1`).join(",");
    const answer = await client.send("POST", `${core}/configmaps?dryRun=All`, { body: configMap(`,${unknown}`) });
    expect(answer.code).toBe(201);
    const warnings = answer.headers["warning"] as string;
    expect(warnings).toContain("unknown field");
    expect(warnings.length).toBeLessThan(6_000);
  });

  it("refuses a patch that takes away what an object is", async () => {
    const patch = '[{"op":"remove","path":"/apiVersion"},{"op":"remove","path":"/kind"}]';
    const answer = await client.send("PATCH", `${core}/configmaps/there`, { body: patch, headers: jsonPatch });
    expect([answer.code, answer.body.message]).toEqual([422, expect.stringContaining("Object 'Kind' is missing in")]);
    expect((await client.get(`${core}/configmaps/there`)).body).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("takes names that every JavaScript object has something under for names like others", async () => {
    const path = `${core}/configmaps/names`;
    await client.post(`${core}/configmaps`, { metadata: { name: "names" } });
    const names = ["constructor", "toString", "valueOf", "hasOwnProperty"];
    for (const name of names) {
      const body = { metadata: { labels: { [name]: "x" } } };
      await client.send("PATCH", path, { body, headers: merge });
    }
    const applied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "names" }, data: { constructor: "y" } };
    const answer = await client.send("PATCH", `${path}?fieldManager=m`, { body: applied, headers: apply });
    expect(answer.code, answer.text).toBe(200);
    const { body } = await client.get(path);
    expect(body.metadata.labels).toEqual(Object.fromEntries(names.map((name) => [name, "x"])));
    expect(body.data).toEqual({ constructor: "y" });
    const limits = [{ type: "Container", max: { "b.example/c": "1" }, min: { constructor: "1" } }];
    const range = await client.post(`${core}/limitranges`, { metadata: { name: "names" }, spec: { limits } });
    expect(range.code, range.text).toBe(422);
  });

  it("applies to an object that nobody could apply", async () => {
    await client.post(`${core}/serviceaccounts`, { metadata: { name: "odd" }, secrets: [{}] });
    const body = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "odd" } };
    const answer = await client.send("PATCH", `${core}/serviceaccounts/odd?fieldManager=m`, { body, headers: apply });
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain("failed to create typed live object (default/odd; v1, Kind=ServiceAccount)");
  });
});
