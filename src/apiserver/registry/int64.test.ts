import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtInSchemas } from "../../kinds/schema-table.ts";
import { decodeProtobuf, encodeProtobuf, protobufMediaType } from "../../machinery/codec/protobuf.ts";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const long = "9007199254740993";
const largest = "9223372036854775807";

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: counters.test.example }
spec:
  group: test.example
  scope: Namespaced
  names: { plural: counters, singular: counter, kind: Counter }
  versions:
  - name: v1
    served: true
    storage: true
    subresources: { status: {} }
    additionalPrinterColumns:
    - { name: Id, type: integer, jsonPath: .spec.id }
    - { name: Text, type: string, jsonPath: .spec.id }
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-validations:
            - { rule: "!has(self.id) || self.id != 9007199254740995", message: "is the one that is not allowed" }
            properties:
              id: { type: integer, format: int64, minimum: -9007199254740993 }
              small: { type: integer, format: int32 }
              even: { type: integer, multipleOf: 2 }
              number: { type: number }
              byDefault: { type: integer, default: ${long} }
              set: { type: array, x-kubernetes-list-type: set, items: { type: integer } }
              free: { type: object, x-kubernetes-preserve-unknown-fields: true }
          status:
            type: object
            properties: { id: { type: integer } }
`;

describe("integers of 64 bits", () => {
  let server: TestServer;
  let client: TestClient;
  const counters = "/apis/test.example/v1/namespaces/default/counters";
  const yaml = { "content-type": "application/yaml" };
  const counter = (name: string, spec: string): string =>
    `{"apiVersion":"test.example/v1","kind":"Counter","metadata":{"name":"${name}"},"spec":${spec}}`;
  const patch = (type: string, path: string, body: string, query = "") =>
    client.send("PATCH", path + query, { body, headers: { "content-type": `application/${type}` } });

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const made = await client.send("POST", path, { body: definition, headers: yaml });
    expect(made.code, made.text).toBe(201);
    const watch = await client.watch(`${path}?watch=true&fieldSelector=metadata.name=counters.test.example`);
    const served = (): boolean => JSON.stringify(watch.events).includes('"type":"Established"');
    while (!served()) await watch.until(watch.events.length + 1);
    watch.stop();
    await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it("are kept by JSON, YAML, lists, Tables and watches", async () => {
    const spec = `{"id":${long},"free":{"a":[${largest},1.5,{"b":-${long}}]},"set":[${long},1]}`;
    const made = await client.send("POST", counters, { body: counter("a", spec) });
    expect(made.code, made.text).toBe(201);
    const kept = (text: string): void => {
      expect(text).toContain(`"id":${long}`);
      expect(text).toContain(`"free":{"a":[${largest},1.5,{"b":-${long}}]}`);
      expect(text).toContain(`"set":[${long},1]`);
      expect(text).toContain(`"byDefault":${long}`);
    };
    kept(made.text);
    kept((await client.get(`${counters}/a`)).text);
    kept((await client.get(counters)).text);
    const watch = await client.watch(`${counters}?watch=true&resourceVersion=0`);
    await watch.until(1);
    watch.stop();
    kept(JSON.stringify(watch.events[0]?.object));
    const asYaml = (await client.get(`${counters}/a`, { accept: "application/yaml" })).text;
    expect(asYaml).toContain(`id: ${long}`);
    expect(asYaml).toContain(`- ${largest}`);
    const table = await client.get(counters, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.text).toContain(`"cells":["a",${long},"${long}"]`);
    const fromYaml = asYaml
      .replace("name: a", "name: b")
      .replace(/\n {2}(uid|resourceVersion|creationTimestamp).*/g, "");
    const again = await client.send("POST", counters, { body: fromYaml, headers: yaml });
    expect(again.code, again.text).toBe(201);
    kept(again.text);
  });

  it("are kept by every kind of patch, by updates that change nothing, and by dry runs", async () => {
    const made = await client.send("POST", counters, { body: counter("p", `{"id":${long}}`) });
    const path = `${counters}/p`;
    expect((await client.send("PUT", path, { body: made.text })).text).toBe(made.text);
    expect((await patch("merge-patch+json", path, `{"spec":{"id":${long}}}`)).text).toBe(made.text);
    const merged = await patch("merge-patch+json", path, `{"spec":{"id":${largest}}}`);
    expect(merged.text).toContain(`"id":${largest}`);
    const test = `{"op":"test","path":"/spec/id","value":${largest}}`;
    const wrong = await patch("json-patch+json", path, `[${test.replace(largest, "9223372036854775806")}]`);
    expect(wrong.code).toBe(422);
    const replaced = await patch(
      "json-patch+json",
      path,
      `[${test},{"op":"copy","from":"/spec/id","path":"/spec/even"},{"op":"replace","path":"/spec/even","value":9007199254740994}]`,
      "?dryRun=All",
    );
    expect(replaced.text).toContain(`"even":9007199254740994`);
    expect((await client.get(path)).text).toContain(`"id":${largest}`);
    const status = await patch("merge-patch+json", `${path}/status`, `{"status":{"id":${long}}}`);
    expect(status.text).toContain(`"status":{"id":${long}}`);
  });

  it("are kept and owned by apply", async () => {
    const apply = (spec: string) =>
      patch("apply-patch+yaml", `${counters}/s`, counter("s", spec), "?fieldManager=m&fieldValidation=Strict");
    const made = await apply(`{"set":[${long},9007199254740992]}`);
    expect(made.code, made.text).toBe(201);
    expect(made.text).toContain(`"set":[${long},9007199254740992]`);
    expect(made.text).toContain(`"v:${long}":{}`);
    const changed = await apply(`{"set":[${long}]}`);
    expect(changed.text).toContain(`"set":[${long}],`.slice(0, -1));
    expect(changed.text).not.toContain("9007199254740992");
  });

  it.each([
    ["9223372036854775808", 'spec.id in body must be of type int64: "float64"'],
    ["1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"],
    ["-9007199254740994", "spec.id in body should be greater than or equal to -9007199254740992"],
    ["9007199254740995", "is the one that is not allowed"],
  ])("are refused where they do not fit: %s", async (id, message) => {
    const answer = await client.send("POST", counters, { body: counter("x", `{"id":${id}}`) });
    expect(answer.code, answer.text).toBeGreaterThanOrEqual(400);
    expect(answer.code, answer.text).toBeLessThan(500);
    expect(answer.body.message).toContain(message);
  });

  it.each([
    [`{"small":2147483648}`, "Checked value must be of type integer with format int32 in spec.small"],
    [`{"even":${long}}`, "spec.even in body should be a multiple of 2"],
    [`{"small":1.5}`, 'spec.small in body must be of type int32: "float64"'],
  ])("obey the rest of their schema: %s", async (spec, message) => {
    const answer = await client.send("POST", counters, { body: counter("x", spec) });
    expect(answer.code, answer.text).toBe(422);
    expect(answer.body.message).toContain(message);
  });

  it("are kept in built-in kinds, in JSON and protobuf", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await client.post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
    const spec = { containers: [{ name: "a", image: "b" }], terminationGracePeriodSeconds: BigInt(largest) };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "long" }, spec };
    const type = "io.k8s.api.core.v1.Pod";
    const made = await client.send("POST", pods, {
      body: encodeProtobuf(pod, builtInSchemas, type),
      headers: { "content-type": protobufMediaType },
    });
    expect(made.code, made.text).toBe(201);
    expect(made.text).toContain(`"terminationGracePeriodSeconds":${largest}`);
    const patched = await patch(
      "strategic-merge-patch+json",
      `${pods}/long`,
      `{"spec":{"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":${long}}]}}`,
    );
    expect(patched.code, patched.text).toBe(200);
    expect(patched.text).toContain(`"terminationGracePeriodSeconds":${largest}`);
    expect(patched.text).toContain(`"tolerationSeconds":${long}`);
    const { bytes } = await client.get(`${pods}/long`, { accept: protobufMediaType });
    expect(JSON.stringify(decodeProtobuf(bytes, builtInSchemas).object)).toContain(`"tolerationSeconds":${long}`);
    const binding = { metadata: { name: "long" }, target: { kind: "Node", name: "n" } };
    expect((await client.post(`${pods}/long/binding`, binding)).code).toBe(201);
    const deleted = await client.send("DELETE", `${pods}/long`, { body: `{"gracePeriodSeconds":${largest}}` });
    expect(deleted.code, deleted.text).toBe(200);
    expect(deleted.text).toContain(`"deletionGracePeriodSeconds":${largest}`);
    expect(deleted.body.metadata.deletionTimestamp).toBe("9999-12-31T23:59:59Z");
    const shorter = await client.send("DELETE", `${pods}/long?gracePeriodSeconds=${long}`);
    expect(shorter.text).toContain(`"deletionGracePeriodSeconds":${long}`);
  });
});
