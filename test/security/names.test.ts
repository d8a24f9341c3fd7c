/**
 * Names that every JavaScript object has something under are names like others: nothing that a client names is read from
 * the prototype of all objects, and nothing is written to it.
 */
import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestAnswer, TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { rewriteHtml } from "../../src/apiserver/streaming/rewrite-links.ts";
import { nodes, podDisruptionBudgets, pods } from "../../src/client/resources.ts";
import { createFakeApi } from "../../src/client/testing/fake-api.ts";
import { disruptionController } from "../../src/controllers/disruption/disruption.ts";
import { startController } from "../../src/controllers/framework/controller-harness.ts";
import { podsToDelete } from "../../src/controllers/replicaset/deletion-ranking.ts";
import type { Node, Pod, PodSpec } from "../../src/kinds/generated/core-v1.ts";
import { admitPod } from "../../src/kubelet/pods/admission.ts";
import { fieldValue, resourceFieldValue } from "../../src/kubelet/pods/field-values.ts";
import { podRequests } from "../../src/kubelet/resources/pod-resources.ts";
import { FakeClock } from "../../src/lib/fake-clock.ts";
import { createScheduler } from "../../src/scheduler/scheduler.ts";

/** All but the first and the last are label keys, too; those are keys of ConfigMaps and Secrets. */
const names = ["__proto__", ...["constructor", "toString", "valueOf", "hasOwnProperty"], "__defineGetter__"];
const labelNames = names.slice(1, -1);
const json = (value: string, keys = names): string => `{${keys.map((key) => `"${key}":"${value}"`).join()}}`;
const all = (value: string, keys = names): unknown => JSON.parse(json(value, keys));

const core = "/api/v1/namespaces/default";
const things = "/apis/example.com/v1/namespaces/default/things";
const stop = new AbortController();
let server: TestServer;
let client: TestClient;
const inherited = Object.getOwnPropertyNames(Object.prototype).length;

const send = (path: string, body: string, type: string, method = "PATCH"): Promise<TestAnswer> =>
  client.send(method, path, { body, headers: { "content-type": `application/${type}` } });

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
});

afterAll(async () => {
  stop.abort();
  client.close();
  await server.stop();
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(inherited);
});

describe("keys of clients' maps", () => {
  it("are kept however they come, under whatever name", async () => {
    const map = `${core}/configmaps/a`;
    const data = async (): Promise<string> => JSON.stringify((await client.get(map)).body.data);
    const created = `{"metadata":{"name":"a","labels":${json("a", labelNames)}},"data":${json("a")}}`;
    expect((await send(`${core}/configmaps`, created, "json", "POST")).body.metadata.labels).toEqual(
      all("a", labelNames),
    );
    const texts: readonly [string, string, string][] = [
      ["b", "merge-patch+json", `{"data":${json("b")}}`],
      ["c", "strategic-merge-patch+json", `{"data":${json("c")}}`],
      ["d", "json-patch+json", `[${names.map((key) => `{"op":"replace","path":"/data/${key}","value":"d"}`).join()}]`],
      ["e", "apply-patch+yaml", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":${json("e")}}`],
    ];
    for (const [value, type, body] of texts) {
      const query = type.startsWith("apply") ? "?fieldManager=m&force=true" : "";
      const answer = await send(map + query, body, type);
      expect(answer.code, answer.text).toBe(200);
      expect(JSON.parse(await data()), type).toEqual(all(value));
    }
    const yaml = `metadata: {name: a}\ndata:\n${names.map((key) => `  ${key}: f\n`).join("")}`;
    expect((await send(map, yaml, "yaml", "PUT")).code).toBe(200);
    expect(await data()).toBe(json("f"));
    const gone = `{"data":{${names.map((key) => `"${key}":null`).join()}}}`;
    expect((await send(map, gone, "merge-patch+json")).body.data).toBeUndefined();
    const secret = await send(`${core}/secrets`, `{"metadata":{"name":"a"},"stringData":${json("a")}}`, "json", "POST");
    expect(JSON.stringify(secret.body.data)).toBe(json("YQ=="));
  });

  it("are kept in custom resources, whose schemas may have them, too", async () => {
    const field = { type: "string", format: "constructor" };
    const item = { type: "object", required: ["constructor"], properties: { constructor: field, a: field } };
    const spec = {
      type: "object",
      properties: {
        items: {
          type: "array",
          items: item,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["constructor"],
        },
        number: { type: "integer", format: "toString" },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
      "x-kubernetes-validations": [{ rule: "!has(self.items) || self.items.all(one, one.constructor != 'bad')" }],
    };
    const version = {
      ...{ name: "v1", served: true, storage: true },
      schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
      subresources: {
        scale: { specReplicasPath: ".spec.__proto__.polluted", statusReplicasPath: ".status.constructor" },
      },
    };
    const crd = await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "things.example.com" },
      spec: {
        ...{ group: "example.com", scope: "Namespaced", versions: [version] },
        names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
      },
    });
    expect(crd.code, crd.text).toBe(201);
    await expect.poll(async () => (await client.get(things)).code, { timeout: 20_000 }).toBe(200);
    const thing = (items: string, free = "{}"): string =>
      `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"items":${items},"number":1,"free":${free}}}`;
    const refused = await send(things, thing('[{"a":"b"}]'), "json", "POST");
    expect(refused.text).toContain("spec.items[0].constructor: Required value");
    expect((await send(things, thing('[{"constructor":"bad"}]'), "json", "POST")).code).toBe(422);
    const created = await send(things, thing('[{"constructor":"x"}]', json("a")), "json", "POST");
    expect(created.code, created.text).toBe(201);
    expect(JSON.stringify(created.body.spec.free)).toBe(json("a"));
    const added = thing('[{"constructor":"y"}]', "{}");
    const applied = await send(`${things}/a?fieldManager=m`, added, "apply-patch+yaml");
    expect(applied.body.spec.items, applied.text).toEqual([{ constructor: "x" }, { constructor: "y" }]);
    await client.put(`${things}/a/scale`, { metadata: { name: "a" }, spec: { replicas: 3 } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("tables of the API server's own", () => {
  it.each([
    ["a field to select by", "GET", `${core}/pods?fieldSelector=constructor%3Dx`, {}, 400],
    ["an operator of a selector", "GET", `${core}/pods?labelSelector=a%20constructor%20b`, {}, 400],
    ["a media type", "GET", `${core}/pods`, { headers: { accept: "constructor" } }, 406],
    ["a type of body", "POST", `${core}/pods`, { body: "{}", headers: { "content-type": "constructor" } }, 415],
    ["a group", "GET", "/apis/constructor/v1/pods", {}, 404],
    ["a version", "GET", "/api/constructor/pods", {}, 404],
    ["a resource", "GET", `${core}/constructor`, {}, 404],
    ["a subresource", "GET", `${core}/pods/a/constructor`, {}, 404],
    ["a name", "GET", `${core}/pods/constructor`, {}, 404],
    ["a path", "GET", "/constructor", {}, 404],
    [
      "a class of the system's",
      "POST",
      "/apis/scheduling.k8s.io/v1/priorityclasses",
      { body: '{"metadata":{"name":"constructor"},"value":1}' },
      201,
    ],
  ] as const)("have nothing under %s that every object has", async (_, method, path, request, code) => {
    const answer = await client.send(method, path, request);
    expect(answer.code, answer.text).toBe(code);
  });

  it("bind tokens to no kind of that name, and have no method of it", async () => {
    await client.post(`${core}/serviceaccounts`, { metadata: { name: "a" } });
    const bound = { spec: { boundObjectRef: { kind: "constructor", apiVersion: "v1", name: "a" } } };
    expect((await client.post(`${core}/serviceaccounts/a/token`, bound)).body).toMatchObject({
      message: "cannot bind token to object of type v1, Kind=constructor",
    });
    const { ca, admin } = server.pki;
    const session = connect(server.url, { ca, cert: admin.certificate, key: admin.privateKey });
    const request = session.request({ ":method": "constructor", ":path": `${core}/pods` });
    const code = await new Promise((resolve, reject) => {
      request.on("response", (headers) => resolve(headers[":status"]));
      request.on("error", reject);
    });
    session.destroy();
    expect(code).toBe(405);
  });

  it("leave elements of pages alone that have no links", () => {
    const location = { prefix: "/p", backendHost: "b", requestHost: "r" };
    expect(rewriteHtml('<constructor href="/x"><a href="/x">', location)).toBe(
      '<constructor href="/x"><a href="/p/x">',
    );
  });
});

const selector = { matchLabels: { app: "a" } };
const podOf = (name: string, more: Partial<PodSpec> = {}, labels: Record<string, string> = { app: "a" }): Pod => ({
  metadata: { name, namespace: "a", uid: name, labels },
  spec: { schedulerName: "default-scheduler", containers: [{ name: "c", image: "i" }], ...more },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
});

describe("controllers", () => {
  it("count a pod of that name as any other", async () => {
    const { api, settle } = await startController(disruptionController, stop.signal, (seeded) =>
      seeded.seed(pods, podOf("constructor"), podOf("b")),
    );
    const metadata = { name: "valueof", namespace: "a" };
    await api.client.of(podDisruptionBudgets).create({ metadata, spec: { selector, minAvailable: 1 } });
    await settle();
    expect(api.get(podDisruptionBudgets, "valueof", "a")?.status).toMatchObject({ currentHealthy: 2 });
  });

  it("rank a pod in a phase of that name as one whose phase they do not know", () => {
    const odd = { ...podOf("odd"), status: { phase: "constructor" } };
    const running = { ...podOf("running"), status: { phase: "Running" } };
    expect(podsToDelete([running, odd], [], 1, 0).map(({ metadata }) => metadata?.name)).toEqual(["odd"]);
  });
});

describe("the scheduler", () => {
  const nodeOf = (name: string, labels: Record<string, string>): Node => ({
    metadata: { name, labels },
    status: { allocatable: { cpu: "2", memory: "4Gi", pods: "110" } },
  });

  it("takes no node to have a label that it does not have", async () => {
    const clock = new FakeClock();
    const api = createFakeApi(clock);
    await api.seed(nodes, nodeOf("a", {}), nodeOf("b", { constructor: "z" }));
    const recorder = { event: () => undefined };
    await createScheduler({ client: api.client, informers: api.informers, recorder, clock }).start(stop.signal);
    const topologyKey = "constructor";
    const spread = [{ topologyKey, maxSkew: 1, whenUnsatisfiable: "DoNotSchedule", labelSelector: selector }];
    const required = [{ topologyKey, labelSelector: selector }];
    const wanted: Record<string, Partial<PodSpec>> = {
      spread: { topologySpreadConstraints: spread },
      near: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } },
      selected: { nodeSelector: { constructor: "z" } },
      nowhere: { nodeSelector: { toString: "z" } },
    };
    for (const [name, spec] of Object.entries(wanted)) await api.client.of(pods).create(podOf(name, spec));
    for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
    const placed = Object.fromEntries(api.list(pods).map((one) => [one.metadata?.name, one.spec?.nodeName]));
    expect(placed).toEqual({ spread: "b", near: "b", selected: "b", nowhere: undefined });
  });
});

describe("the kubelet", () => {
  const context = { hostIP: "", podIPs: [], allocatable: { cpu: 1, memory: 1, ephemeralStorage: 1 } };

  it("has no value for a label, an annotation or a resource that a pod does not have", () => {
    const pod = podOf("a");
    for (const name of labelNames) {
      expect(fieldValue({ fieldPath: `metadata.labels['${name}']` }, pod, context)).toBe("");
      expect(fieldValue({ fieldPath: `metadata.annotations['${name}']` }, pod, context)).toBe("");
      const container = { name: "c", resources: { limits: {} } };
      expect(resourceFieldValue({ resource: `limits.${name}` }, pod, container, context)).toBe("0");
    }
  });

  it("adds amounts up under any name, and has none of what a node does not say", () => {
    const resources = { requests: { constructor: "1", toString: "2" } };
    const pod = podOf("a", {
      containers: [
        { name: "a", resources },
        { name: "b", resources },
      ],
    });
    expect(podRequests(pod)).toEqual({ constructor: 2, toString: 4 });
    const node = { metadata: { name: "n", labels: {} }, status: { allocatable: { pods: "1" } } };
    expect(admitPod(pod, [], node)?.reason).toBe("OutOfconstructor");
  });
});
